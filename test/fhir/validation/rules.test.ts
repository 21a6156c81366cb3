import { describe, expect, it } from 'vitest'
import { resourceTypes } from '../../../src/fhir/definitions.js'
import { cloneJson } from '../../../src/fhir/json.js'
import type { Library } from '../../../src/fhir/library.js'
import type { MembershipSource } from '../../../src/fhir/terminology.js'
import { validate } from '../../../src/fhir/validation.js'
import { everyElement } from '../../support/every-element.js'

type Json = Record<string, unknown>

/** Numbers from 0 to 1, the same ones each time. */
function random(seed: number): () => number {
  return () => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff
    return seed / 0x7fffffff
  }
}

const wrong: readonly unknown[] = [null, 1, -1.5, '', 'text', '#', true, [], {}, [null], [[]], [1], { a: 1 }]

/** With some of its values replaced by what should not be there. */
function broken(value: unknown, next: () => number): unknown {
  if (next() < 0.03) return wrong[Math.floor(next() * wrong.length)]
  if (Array.isArray(value)) return value.map((one) => broken(one, next))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, one]) => [key, key === 'resourceType' ? one : broken(one, next)])
  return Object.fromEntries(entries)
}

const questionnaire = everyElement('Questionnaire')[0] as Json
const library: Library = {
  revision: 'none',
  withUrl: async (type) => (type === 'Questionnaire' ? [questionnaire as never] : []),
  withId: async () => undefined,
  urls: async () => [],
}
const terminology: MembershipSource = {
  revision: 'none',
  membership: async (questions) => questions.map(() => ({ isIn: true as const })),
}

describe('no rule fails on what is not valid', () => {
  it.each(resourceTypes)('%s', async (type) => {
    const next = random(type.length * 104729 + type.charCodeAt(1))
    const samples = everyElement(type).slice(0, 1)
    const around: Json[] = samples.map((resource) => ({
      resourceType: 'Bundle',
      type: next() < 0.5 ? 'document' : 'searchset',
      entry: [{ fullUrl: 'http://example.org/Basic/a', resource }, { resource }],
    }))
    for (const sample of [...samples, ...around]) {
      for (let i = 0; i < 2; i++) {
        const issues = await validate(broken(cloneJson(sample), next), { mode: 'full', library, terminology })
        expect(Array.isArray(issues)).toBe(true)
      }
    }
  })
})
