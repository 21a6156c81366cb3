import type { CodeSystem } from '@medplum/fhirtypes'
import { expect, it } from 'vitest'
import type { CodeSystemProvider } from '../../src/terminology/provider.js'
import { withSupplements } from '../../src/terminology/providers.js'
import { ResourceCodeSystem } from '../../src/terminology/resources/provider.js'

// Supplements of a code system whose concepts are elsewhere than in a resource have to say the same as those of one that is.

const system: CodeSystem = {
  resourceType: 'CodeSystem',
  url: 'http://kiln.example/pots',
  version: '1',
  status: 'active',
  content: 'complete',
  concept: [
    { code: 'jar', display: 'Jar' },
    { code: 'jug', display: 'Jug' },
  ],
}
const supplement = (supplements: string): CodeSystem => ({
  resourceType: 'CodeSystem',
  url: 'http://kiln.example/glazes',
  version: '2',
  status: 'active',
  content: 'supplement',
  supplements,
  property: [{ code: 'glaze', uri: 'http://kiln.example/glaze', type: 'code' }],
  concept: [
    { code: 'jar', designation: [{ language: 'nl', value: 'Pot' }], property: [{ code: 'glaze', valueCode: 'ash' }] },
  ],
})

const resource = new ResourceCodeSystem(system)
/** The same, with nothing that tells it from tables. */
const elsewhere: CodeSystemProvider = {
  url: resource.url,
  version: resource.version,
  content: 'complete',
  caseSensitive: true,
  header: resource.header,
  locate: (codes) => resource.locate(codes),
  all: () => resource.all(),
  of: (codes) => resource.of(codes),
  filter: (property, op, value) => resource.filter(property, op, value),
  subsumes: (a, b) => resource.subsumes(a, b),
}

it.each([
  ['a resource', resource],
  ['elsewhere', elsewhere],
])('%s', async (_name, provider) => {
  const found = withSupplements(provider, [supplement(system.url!)])
  expect(found.supplements).toEqual(['http://kiln.example/glazes|2'])
  expect(found.header.property).toContainEqual({ code: 'glaze', uri: 'http://kiln.example/glaze', type: 'code' })
  const jar = (await found.locate(['jar'])).get('jar')!
  expect([jar.display, jar.designations[0]!.value, jar.properties[0]!.value]).toEqual(['Jar', 'Pot', 'ash'])
  const glazed = (await found.filter('glaze', '=', 'ash'))!
  expect((await glazed.page({ offset: 0, count: 9 })).map(({ code }) => code)).toEqual(['jar'])
  const others = found
    .all()
    .minus(glazed)
    .or(found.of(['jug']))
    .and(found.all())
  expect((await others.page({ offset: 0, count: 9 })).map(({ code }) => code)).toEqual(['jug'])
  expect(await others.has(['jar', 'jug'])).toEqual(new Set(['jug']))
  expect(await found.all().count()).toBe(2)
  expect(await found.filter('colour', '=', 'red')).toBeUndefined()
})

it.each([
  ['http://kiln.example/pots|1', true],
  ['http://kiln.example/pots|1.x', true],
  ['http://kiln.example/pots|2', false],
  ['http://kiln.example/tiles', false],
])('a supplement of %s', (supplements, counts) => {
  expect(withSupplements(resource, [supplement(supplements)]).supplements !== undefined).toBe(counts)
})
