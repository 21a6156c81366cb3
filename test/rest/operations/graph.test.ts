import type { Bundle } from '@medplum/fhirtypes'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Given, openServer, type RestServer } from '../server.js'

// https://hl7.org/fhir/R4/resource-operation-graph.html and graphdefinition.html

let server: RestServer
const graphOf = (link: object[], more: object = {}): Given => ({
  resourceType: 'GraphDefinition',
  name: 'G',
  status: 'active',
  start: 'Encounter',
  ...(link.length > 0 && { link }),
  ...more,
})
beforeAll(async () => {
  server = await openServer({ INGLE_MAX_INCLUDES: '5' })
  const subject = { reference: 'Patient/p' }
  const observed = (id: string, more: object = {}): Given => ({
    resourceType: 'Observation',
    id,
    status: 'final',
    code: { text: 'x' },
    subject,
    encounter: { reference: 'Encounter/e' },
    ...more,
  })
  const resources: Given[] = [
    { resourceType: 'Organization', id: 'o', name: 'O' },
    { resourceType: 'Practitioner', id: 'doc' },
    { resourceType: 'Patient', id: 'p', managingOrganization: { reference: 'Organization/o' } },
    { resourceType: 'Patient', id: 'q' },
    {
      resourceType: 'Encounter',
      id: 'e',
      status: 'finished',
      class: { code: 'AMB' },
      subject,
      participant: [
        { individual: { reference: 'Practitioner/doc' } },
        { individual: { reference: 'Practitioner/none' } },
      ],
    },
    observed('o1', { meta: { profile: ['http://profiles/vital|1'] } }),
    observed('o2'),
    observed('o3', { subject: { reference: 'Patient/q' } }),
    ...['1', '2'].map((version) => ({ ...graphOf([]), id: `g${version}`, url: 'http://graphs/g', version })),
  ]
  const entry = resources.map((resource) => ({
    resource,
    request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
  }))
  expect((await server.transact(entry)).status).toBe(200)
})
afterAll(() => server.stop())

const members = (bundle: Bundle) => bundle.entry!.map(({ resource }) => `${resource!.resourceType}/${resource!.id}`)
const by = (path: string, type: string, more: object = {}, target: object = {}) => ({
  path,
  target: [{ type, ...target }],
  ...more,
})
const observations = (more: object = {}, target: object = {}) => ({
  target: [{ type: 'Observation', params: 'encounter={ref}', ...target }],
  ...more,
})

describe('[type]/[id]/$graph', () => {
  it.each<[string, object[], string[]]>([
    ['nothing', [], []],
    ['a path', [by('Encounter.subject', 'Patient')], ['Patient/p']],
    ['a path relative to the resource', [by('participant.individual', 'Practitioner')], ['Practitioner/doc']],
    ['a path to another type', [by('Encounter.subject', 'Group')], []],
    ['a path to any type', [by('subject | participant.individual', 'Resource')], ['Patient/p', 'Practitioner/doc']],
    [
      'a path further on',
      [by('subject', 'Patient', {}, { link: [by('Patient.managingOrganization', 'Organization')] })],
      ['Patient/p', 'Organization/o'],
    ],
    ['a search', [observations()], ['Observation/o1', 'Observation/o2', 'Observation/o3']],
    ['a search with more to it', [observations({}, { params: 'encounter={ref}&patient=q' })], ['Observation/o3']],
    ['a profile', [observations({}, { profile: 'http://profiles/vital' })], ['Observation/o1']],
    [
      'a compartment',
      [observations({}, { compartment: [{ use: 'requirement', code: 'Patient', rule: 'identical' }] })],
      ['Observation/o1', 'Observation/o2'],
    ],
    [
      'a circle',
      [
        observations(
          {},
          { link: [by('Observation.encounter', 'Encounter', {}, { link: [by('subject', 'Patient')] })] },
        ),
      ],
      ['Observation/o1', 'Observation/o2', 'Observation/o3', 'Patient/p'],
    ],
    ['enough', [observations({ min: 3, max: '3' })], ['Observation/o1', 'Observation/o2', 'Observation/o3']],
  ])('follows %s', async (_, link, expected) => {
    const { json } = await server.expect(200, 'POST Encounter/e/$graph', { body: graphOf(link) })
    expect(json).toMatchObject({ resourceType: 'Bundle', type: 'collection' })
    const [first, ...others] = members(json)
    expect(first).toBe('Encounter/e')
    expect(others.sort()).toEqual([...expected].sort())
  })

  it('takes a stored definition by reference and by canonical', async () => {
    for (const name of ['GraphDefinition/g1', 'http://graphs/g|2', `${server.base}/GraphDefinition/g2`])
      expect(members((await server.expect(200, `GET Encounter/e/$graph?graph=${name}`)).json)).toEqual(['Encounter/e'])
    expect(await server.refused(400, 'GET Encounter/e/$graph?graph=http://graphs/g')).toMatch(/name the version/)
    await server.refused(404, 'GET Encounter/e/$graph?graph=http://graphs/none')
    await server.refused(404, 'GET Encounter/e/$graph?graph=GraphDefinition/none')
    await server.refused(400, 'GET Encounter/e/$graph')
  })

  it.each<[number, object, RegExp]>([
    [422, graphOf([], { start: 'Patient' }), /starts from a Patient, not from a Encounter/],
    [422, graphOf([observations({ min: 4, description: 'vitals' })]), /link\[0\] \(vitals\) leads to 3 .* 4 or more/],
    [422, graphOf([observations({ max: '2' })]), /may be 2 at most/],
    [422, graphOf([observations({ max: 'many' })]), /may be many at most/],
    [422, graphOf([{ path: 'subject' }]), /link\[0\] has no target/],
    [422, graphOf([{ target: [{ type: 'Observation' }] }]), /needs params/],
    [422, graphOf([observations({}, { params: 'encounter=e' })]), /\{ref\}/],
    [
      422,
      graphOf([observations({}, { compartment: [{ use: 'requirement', code: 'Device', rule: 'identical' }] })]),
      /only Patient/,
    ],
    [400, graphOf([observations({}, { params: 'colour={ref}' })]), /colour/],
    [400, graphOf([by('subject.((', 'Patient')]), /character 9/],
    [422, graphOf([by("subject.where(reference.matches('(a+)+b'))", 'Patient')]), /link\[0\]\.path: only elements/],
    [
      422,
      graphOf([
        observations(),
        by('subject', 'Patient', {}, { link: [by('managingOrganization', 'Organization')] }),
        by('participant.individual', 'Practitioner'),
      ]),
      /more than 5 resources \(INGLE_MAX_INCLUDES\)/,
    ],
  ])('%i: %j', async (status, body, reason) => {
    expect(await server.refused(status, 'POST Encounter/e/$graph', { body })).toMatch(reason)
  })
})
