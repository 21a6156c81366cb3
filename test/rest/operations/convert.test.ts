import { afterAll, beforeAll, expect, it } from 'vitest'
import { openServer, type RestServer } from '../server.js'

let server: RestServer
beforeAll(async () => {
  server = await openServer()
})
afterAll(() => server.stop())

// https://hl7.org/fhir/R4/resource-operation-convert.html
it('$convert gives back what was sent, to the last digit', async () => {
  const body =
    '{"resourceType":"Observation","status":"final","code":{"text":"c"},"valueQuantity":{"value":1.50,"unit":"kg"}}'
  expect((await server.expect(200, 'POST $convert', { body })).text).toBe(body)
  const wrapped = `{"resourceType":"Parameters","parameter":[{"name":"input","resource":${body}}]}`
  expect((await server.expect(200, 'POST $convert', { body: wrapped })).text).toBe(body)
  expect(await server.count('Observation')).toBe(0)
})

it.each([
  [{ resourceType: 'Patient', colour: 'red' }, /colour|not an element/],
  [{ resourceType: 'Colour' }, /resourceType that R4/],
  [{ resourceType: 'Parameters' }, /needs the parameter input/],
])('$convert refuses %j', async (body, reason) => {
  expect(await server.refused(400, 'POST $convert', { body })).toMatch(reason)
})

// https://hl7.org/fhir/R4/capabilitystatement-operation-versions.html
it('$versions names R4', async () => {
  expect((await server.expect(200, 'GET $versions')).json).toEqual({
    resourceType: 'Parameters',
    parameter: [
      { name: 'version', valueCode: '4.0' },
      { name: 'default', valueCode: '4.0' },
    ],
  })
})
