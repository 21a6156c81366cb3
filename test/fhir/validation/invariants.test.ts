// https://hl7.org/fhir/R4/conformance-rules.html#constraints
import { describe, expect, it } from 'vitest'
import { type Constraint, resourceTypes, typeDefinition } from '../../../src/fhir/definitions.js'
import type { Library } from '../../../src/fhir/library.js'
import { membersOf } from '../../../src/fhir/members.js'
import type { MembershipSource } from '../../../src/fhir/terminology.js'
import { elsewhere } from '../../../src/fhir/validation/invariants/natives.js'
import { validate } from '../../../src/fhir/validation.js'
import { failing } from './invariants.examples.js'

const library: Library = {
  revision: 'none',
  withUrl: async () => [],
  withId: async () => undefined,
  urls: async () => [],
}
const terminology: MembershipSource = {
  revision: 'none',
  membership: async (questions) => questions.map(() => ({ because: 'unknown-value-set' as const })),
}

async function keysOf(resource: unknown): Promise<string[]> {
  const settings = { mostIssues: 1000 }
  const issues = await validate(resource, { mode: 'full', library, terminology, settings })
  return issues.flatMap(({ code, details }) =>
    code === 'invariant' ? (details?.coding?.[0]?.code?.split('#').at(-1) ?? []) : [],
  )
}

/** Of a type and of all that it has. */
function constraintsBelow(type: string, seen: Set<string>): Constraint[] {
  if (seen.has(type)) return []
  seen.add(type)
  const { constraints = [], elements = [] } = typeDefinition(type) ?? {}
  return [
    ...constraints,
    ...elements.flatMap(({ constraints = [] }) => constraints),
    ...[...membersOf(type).values()].flatMap((member) => constraintsBelow(member.type, seen)),
  ]
}

const never = new Set([
  'eld-11', // asks whether there are answers, not whether one of them is true
  'cid-0', // speaks of an element that the type does not have
])

describe('the constraints of R4', () => {
  it('have a sample each that fails', () => {
    const sampled = new Set(failing.map(([key]) => key))
    const all = resourceTypes.flatMap((type) => constraintsBelow(type, new Set()))
    const wanted = all.filter(({ key, expression }) => !elsewhere.has(expression) && !never.has(key))
    expect(new Set(wanted.map(({ key }) => key)).size).toBeGreaterThan(200)
    expect([...new Set(wanted.filter(({ key }) => !sampled.has(key)).map(({ key }) => key))]).toEqual([])
  })

  it.each(failing.map(([key, type, members]) => [key, type, JSON.stringify(members), members] as const))(
    '%s: %s %s',
    async (key, type, _text, members) => {
      expect(await keysOf({ resourceType: type, ...members })).toContain(key)
    },
  )
})
