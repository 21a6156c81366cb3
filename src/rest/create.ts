import { newId } from '../store/identity.js'
import type { Written } from '../store/write.js'
import { writeAnswer } from './answers.js'
import type { Core } from './core.js'
import { criteriaOf, oneMatch } from './criteria.js'
import type { Answer, Exchange } from './exchange.js'
import { resourceIn } from './resource-body.js'

/** POST [base]/Type, with If-None-Exist conditional; https://hl7.org/fhir/R4/http.html#create */
export async function create({ store }: Core, exchange: Exchange): Promise<Answer> {
  const { ctx, ifNoneExist } = exchange
  const type = exchange.path[0]!
  const resource = resourceIn(exchange, type)
  if (ifNoneExist === undefined)
    return writeAnswer(await store.write(ctx.tenant, { kind: 'create', type, id: newId(), resource }), exchange)

  const criteria = criteriaOf(exchange, type, ifNoneExist.replace(/^[^?]*\?/, ''))
  const written = await store.transaction(async (unit): Promise<Written> => {
    await unit.lock([criteria.name])
    const match = await oneMatch(unit.finder, exchange, criteria)
    if (match) return { ...match, at: lastUpdated(match.content), outcome: 'unchanged' }
    const [made] = await unit.write(ctx.tenant, [{ kind: 'create', type, id: newId(), resource }], true)
    return made!
  })
  return writeAnswer(written, exchange)
}

const lastUpdated = (content: string): number =>
  Date.parse((JSON.parse(content) as { meta: { lastUpdated: string } }).meta.lastUpdated)
