import type { Bundle } from '@medplum/fhirtypes'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { storesWhatHasTheForm } from '../../support/settings.js'
import { type Given, openServer, type RestServer } from '../server.js'

// https://hl7.org/fhir/R4/composition-operation-document.html

let server: RestServer
const composition = (id: string, more: object): Given => ({
  resourceType: 'Composition',
  id,
  status: 'final',
  type: { text: 'Letter' },
  date: '2024-01-01',
  title: 'T',
  subject: { reference: 'Patient/p' },
  author: [{ reference: 'Practitioner/doc' }],
  ...more,
})
beforeAll(async () => {
  server = await openServer(storesWhatHasTheForm)
  const resources: Given[] = [
    { resourceType: 'Organization', id: 'trust', name: 'T' },
    { resourceType: 'Organization', id: 'ward', name: 'W', partOf: { reference: 'Organization/trust' } },
    { resourceType: 'Practitioner', id: 'doc' },
    { resourceType: 'Patient', id: 'p', managingOrganization: { reference: 'Organization/ward' } },
    { resourceType: 'Patient', id: 'other' },
    {
      resourceType: 'Observation',
      id: 'o',
      status: 'final',
      code: { text: 'x' },
      subject: { reference: 'Patient/p' },
      focus: [{ reference: 'Patient/other' }],
      performer: [{ reference: 'Practitioner/doc' }],
    },
    composition('c', {
      section: [{ title: 'A', section: [{ title: 'B', entry: [{ reference: 'Observation/o' }] }] }],
    }),
    composition('broken', {
      attester: [{ mode: 'legal', party: { reference: 'Practitioner/none' } }],
      section: [{ title: 'A', entry: [{ reference: 'http://elsewhere/fhir/Observation/1' }] }],
    }),
    composition('focused', { section: [{ title: 'A', focus: { reference: 'Patient/other' } }] }),
  ]
  const entry = resources.map((resource) => ({
    resource,
    request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
  }))
  expect((await server.transact(entry)).status).toBe(200)
})
afterAll(() => server.stop())

const members = (bundle: Bundle) => bundle.entry!.map(({ resource }) => `${resource!.resourceType}/${resource!.id}`)

describe('Composition/[id]/$document', () => {
  it('is the Composition first, then all that it leads to, but nothing of other patients', async () => {
    const { json } = await server.expect(200, 'GET Composition/c/$document')
    expect(json).toMatchObject({
      resourceType: 'Bundle',
      type: 'document',
      identifier: { system: 'urn:ietf:rfc:3986', value: expect.stringMatching(/^urn:uuid:/) },
    })
    expect(Date.parse(json.timestamp)).toBeGreaterThan(0)
    const [first, ...others] = members(json)
    expect(first).toBe('Composition/c')
    expect(others.sort()).toEqual([
      'Observation/o',
      'Organization/trust',
      'Organization/ward',
      'Patient/p',
      'Practitioner/doc',
    ])
    expect(json.entry[0].fullUrl).toBe(`${server.base}/Composition/c`)
    expect(await server.count('Bundle')).toBe(0)
  })

  it('has what the Composition names itself, whoever it is of', async () => {
    expect(members((await server.expect(200, 'GET Composition/focused/$document')).json)).toContain('Patient/other')
  })

  it('is stored when that is asked for', async () => {
    const { json, headers } = await server.expect(200, 'POST Composition/c/$document?persist=true', {
      body: { resourceType: 'Parameters' },
    })
    expect(headers.get('location')).toBe(`${server.base}/Bundle/${json.id}/_history/1`)
    expect((await server.expect(200, `GET Bundle/${json.id}`)).json).toEqual(json)
    expect(await server.refused(400, 'GET Composition/c/$document?persist=true')).toMatch(/by POST/)
  })

  it('is of what a graph says', async () => {
    await server.expect(201, 'PUT GraphDefinition/g', {
      body: {
        resourceType: 'GraphDefinition',
        id: 'g',
        url: 'http://graphs/letter',
        name: 'G',
        status: 'active',
        start: 'Composition',
        link: [{ path: 'Composition.author', target: [{ type: 'Practitioner' }] }],
      },
    })
    const { json } = await server.expect(200, 'GET Composition/c/$document?graph=http://graphs/letter')
    expect(members(json)).toEqual(['Composition/c', 'Practitioner/doc'])
  })

  it('is refused where something of it is missing, which is named', async () => {
    const reason = await server.refused(422, 'GET Composition/broken/$document')
    expect(reason).toContain('Composition.attester[0].party, Composition.section[0].entry[0]')
    await server.refused(404, 'GET Composition/none/$document')
  })
})
