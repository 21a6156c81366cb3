import { newId } from '../store/identity.js'
import type { Written } from '../store/write.js'
import type { Core } from './core.js'
import { criteriaOf, oneMatch } from './criteria.js'
import type { Answer, Exchange } from './exchange.js'
import { resourceIn } from './resource-body.js'
import { answerOfWrite } from './written.js'

/** POST [base]/Type, with If-None-Exist conditional; https://hl7.org/fhir/R4/http.html#create */
export async function create(core: Core, exchange: Exchange): Promise<Answer> {
  const { store } = core
  const { ctx, ifNoneExist } = exchange
  const type = exchange.path[0]!
  const made = await resourceIn(core, exchange, type)
  const { resource } = made
  if (ifNoneExist === undefined) {
    const writing = store.write(ctx.tenant, { kind: 'create', type, id: newId(), resource })
    return answerOfWrite(core, exchange, made, writing)
  }

  const criteria = criteriaOf(exchange, type, ifNoneExist.replace(/^[^?]*\?/, ''))
  const writing = store.transaction(async (unit): Promise<Written> => {
    await unit.lock([criteria.name])
    const match = await oneMatch(unit.finder, exchange, criteria)
    if (match) return { ...match, at: lastUpdated(match.content), outcome: 'unchanged' }
    const [one] = await unit.write(ctx.tenant, [{ kind: 'create', type, id: newId(), resource }], true)
    return one!
  })
  return answerOfWrite(core, exchange, made, writing)
}

const lastUpdated = (content: string): number =>
  Date.parse((JSON.parse(content) as { meta: { lastUpdated: string } }).meta.lastUpdated)
