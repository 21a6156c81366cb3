import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Given, openServer, type SearchServer, value } from './server.js'

// https://hl7.org/fhir/R4/location.html#positional

let server: SearchServer
beforeAll(async () => {
  server = await openServer()
  const at = (id: string, latitude: number, longitude: number): Given => ({
    resourceType: 'Location',
    id,
    name: id,
    position: { latitude, longitude },
  })
  await server.put(
    at('vienna', 48.2082, 16.3738),
    at('bratislava', 48.1486, 17.1077), // 54.9 km from Vienna
    at('baden', 48.0069, 16.2308), // 24.8 km from Vienna
    at('graz', 47.0707, 15.4395), // 144.8 km from Vienna
    at('suva', -18.1416, 178.4419),
    at('apia', -13.8333, -171.7667), // 1,144 km from Suva, beyond the date line
    at('pole', 89.999, 0),
    at('alert', 82.5018, -62.3481),
    { resourceType: 'Location', id: 'nowhere', name: 'nowhere' },
    {
      resourceType: 'HealthcareService',
      id: 'clinic',
      location: [{ reference: 'Location/baden' }],
    },
  )
})
afterAll(() => server.stop())

describe('Location?near', () => {
  it.each([
    ['48.2082|16.3738|30|km', ['baden', 'vienna']],
    ['48.2082|16.3738|30', ['baden', 'vienna']],
    ['48.2082|16.3738|30000|m', ['baden', 'vienna']],
    ['48.2082|16.3738|16|[mi_us]', ['baden', 'vienna']],
    ['48.2082|16.3738|15|[mi_i]', ['vienna']],
    ['48.2082|16.3738', ['baden', 'vienna']], // 50 km
    ['48.2082|16.3738|54|km', ['baden', 'vienna']],
    ['48.2082|16.3738|56|km', ['baden', 'bratislava', 'vienna']],
    ['48.2082|16.3738|150|km', ['baden', 'bratislava', 'graz', 'vienna']],
    ['48.2082|16.3738|0.001', ['vienna']],
    ['-18.1416|178.4419|1200|km', ['apia', 'suva']],
    ['-18.1416|178.4419|1100|km', ['suva']],
    ['-13.8333|-171.7667|1200|km', ['apia', 'suva']],
    ['89.9|180|20|km', ['pole']],
    ['90|0|840|km', ['alert', 'pole']],
    ['0|0|1|km', []],
    ['0|0|20100|km', ['alert', 'apia', 'baden', 'bratislava', 'graz', 'pole', 'suva', 'vienna']],
    ['48.2082|16.3738|1,47.0707|15.4395|1', ['graz', 'vienna']],
  ])('%s', async (place, expected) => {
    const query = `Location?near=${value(place)}`
    expect(await server.found(query)).toEqual(expected)
    expect(await server.found(`${query}&_sort=name&_count=2`)).toEqual(expected)
    expect((await server.get(`${query}&_summary=count`)).total).toBe(expected.length)
  })

  it('with other conditions, and at the end of a chain', async () => {
    expect(await server.found(`Location?near=${value('48.2082|16.3738|30')}&name=baden`)).toEqual(['baden'])
    expect(await server.found(`HealthcareService?location.near=${value('48.2082|16.3738|30')}`)).toEqual(['clinic'])
    expect(await server.found(`HealthcareService?location.near=${value('48.2082|16.3738|3')}`)).toEqual([])
  })

  it(':missing', async () => {
    expect(await server.found('Location?near:missing=true')).toEqual(['nowhere'])
  })

  it('follows a change of place', async () => {
    await server.put({ resourceType: 'Location', id: 'mobile', position: { latitude: 1, longitude: 1 } })
    expect(await server.found(`Location?near=${value('1|1|1')}`)).toEqual(['mobile'])
    await server.put({ resourceType: 'Location', id: 'mobile', position: { latitude: 5, longitude: 5 } })
    expect(await server.found(`Location?near=${value('1|1|1')}`)).toEqual([])
    await server.remove('Location/mobile')
  })

  it.each(['48', '91|0', '0|181', 'a|b', '1|1|far', '1|1|5|mg', '1|1|5|km|x', '1|1|-5'])(
    '%s is refused',
    async (place) => {
      expect(await server.refused(`Location?near=${value(place)}`)).toMatch(
        /right is latitude\|longitude\|distance\|unit/,
      )
    },
  )
})
