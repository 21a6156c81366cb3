import { Invalid } from '../base/errors.js'
import { newId } from '../store/identity.js'
import type { Resource, Write } from '../store/write.js'
import { versionsOf } from './answers.js'
import type { Core } from './core.js'
import { criteriaOf, oneMatch } from './criteria.js'
import type { Answer, Exchange } from './exchange.js'
import { checkId, checkSameId, resourceIn } from './resource-body.js'
import { answerOfWrite } from './written.js'

/** PUT [base]/Type/id; creates what is not there. https://hl7.org/fhir/R4/http.html#update */
export async function update(core: Core, exchange: Exchange): Promise<Answer> {
  const { store } = core
  const [type, id] = exchange.path as [string, string]
  checkId(id)
  const conditions = preconditions(exchange)
  const made = await resourceIn(core, exchange, type)
  const { resource } = made
  checkSameId(resource, type, id)
  const writing = store.write(exchange.ctx.tenant, { kind: 'put', type, id, resource, ...conditions })
  return answerOfWrite(core, exchange, made, writing)
}

/** PUT [base]/Type?criteria; https://hl7.org/fhir/R4/http.html#cond-update */
export async function conditionalUpdate(core: Core, exchange: Exchange): Promise<Answer> {
  const { store } = core
  const type = exchange.path[0]!
  const made = await resourceIn(core, exchange, type)
  const { resource } = made
  const criteria = criteriaOf(exchange, type, exchange.query)
  const { tenant } = exchange.ctx
  const writing = store.transaction(async (unit) => {
    await unit.lock([criteria.name])
    const match = await oneMatch(unit.finder, exchange, criteria)
    const [one] = await unit.write(tenant, [updateOf(type, resource, match?.id, preconditions(exchange))], true)
    return one!
  })
  return answerOfWrite(core, exchange, made, writing)
}

/** The write that a conditional update comes to: of the match, else of the id in the body, else a create. */
export function updateOf(
  type: string,
  resource: Resource,
  match: string | undefined,
  conditions: ReturnType<typeof preconditions>,
): Write {
  if (match === undefined && resource.id === undefined) return { kind: 'create', type, id: newId(), resource }
  if (match !== undefined && resource.id !== undefined && resource.id !== match)
    throw new Invalid(`${type}.id is not the id of the resource that the criteria match; leave it out or correct it`, {
      expression: [`${type}.id`],
    })
  const id = match ?? resource.id!
  // Whoever wrote criteria did not mean to overwrite what they do not match.
  return { kind: 'put', type, id, resource, ...conditions, ...(match === undefined && { mustBeNew: true }) }
}

/** @throws Invalid  If-None-Match of a version: an update cannot say which one it should not meet */
export function preconditions({ ifMatch, ifNoneMatch }: Pick<Exchange, 'ifMatch' | 'ifNoneMatch'>) {
  if (ifNoneMatch !== undefined && ifNoneMatch.trim() !== '*')
    throw new Invalid('If-None-Match of an update is *: it creates, and overwrites nothing')
  const versions = versionsOf(ifMatch)
  return { ...(versions && { ifMatch: versions }), ...(ifNoneMatch !== undefined && { ifNoneMatch: '*' as const }) }
}
