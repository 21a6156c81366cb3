import type { Bundle, Parameters, Patient, Provenance, Task } from '@medplum/fhirtypes'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Given, openServer, type RestServer } from '../server.js'

// https://build.fhir.org/patient-operation-merge.html

let server: RestServer
let run = 0
/** Ids of this test alone. */
let [source, target] = ['', '']
const id = (name: string) => `${name}-${run}`

beforeAll(async () => {
  server = await openServer({ INGLE_MAX_TRANSACTION_ENTRIES: '20' })
})
afterAll(() => server.stop())

beforeEach(async () => {
  run++
  ;[source, target] = [id('source'), id('target')]
  const subject = { reference: `Patient/${source}` }
  const resources: Given[] = [
    { resourceType: 'Patient', id: source, identifier: [{ system: 'http://mrn', value: source }], active: true },
    { resourceType: 'Patient', id: target, identifier: [{ system: 'http://mrn', value: target }], birthDate: '2000' },
    { resourceType: 'Encounter', id: id('e'), status: 'finished', class: { code: 'AMB' }, subject },
    {
      resourceType: 'Observation',
      id: id('o'),
      status: 'final',
      code: { text: 'x' },
      subject,
      performer: [subject, { reference: `Patient/${target}` }],
      note: [{ text: 'n', authorReference: subject }],
    },
    { resourceType: 'Group', id: id('g'), type: 'person', actual: true, member: [{ entity: subject }] },
    { resourceType: 'Account', id: id('other'), status: 'active', subject: [{ reference: `Patient/${target}` }] },
  ]
  const entry = resources.map((resource) => ({
    resource,
    request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
  }))
  expect((await server.transact(entry)).status).toBe(200)
})

const reference = (name: string, to: string) => ({ name, valueReference: { reference: to } })
const both = () => [reference('source-patient', `Patient/${source}`), reference('target-patient', `Patient/${target}`)]
const asked = (...parameter: object[]) => ({ body: { resourceType: 'Parameters', parameter } })
const read = async (name: string) => (await server.expect(200, `GET ${name}`)).json
const part = (answer: Parameters, name: string) => answer.parameter!.find((one) => one.name === name)?.resource
const merge = async (...parameter: object[]): Promise<Parameters> =>
  (await server.expect(200, 'POST Patient/$merge', asked(...parameter))).json
const preview = { name: 'preview', valueBoolean: true }

describe('Patient/$merge', () => {
  it('moves all that refers to the source to the target, and records it', async () => {
    const answer = await merge(...both())
    expect(answer.parameter!.map(({ name }) => name)).toEqual(['input', 'outcome', 'result', 'task'])
    expect(part(answer, 'input')).toMatchObject({ parameter: both() })
    expect(part(answer, 'outcome')).toMatchObject({
      issue: [
        { diagnostics: expect.stringMatching(/^3 resources refer/) },
        { diagnostics: 'Encounter: 1' },
        { diagnostics: 'Group: 1' },
        { diagnostics: 'Observation: 1' },
        { severity: 'information' },
      ],
    })
    const to = { reference: `Patient/${target}` }
    expect(await read(`Observation/${id('o')}`)).toMatchObject({
      subject: to,
      performer: [to, to],
      note: [{ authorReference: to }],
      meta: { versionId: '2' },
    })
    expect((await read(`Group/${id('g')}`)).member[0].entity).toEqual(to)
    expect((await read(`Account/${id('other')}`)).meta.versionId).toBe('1')
    expect((await read(`Encounter?patient=${target}`)).entry).toHaveLength(1)
    expect((await read(`Encounter?patient=${source}`)).entry).toBeUndefined()

    const merged: Patient = await read(`Patient/${source}`)
    expect(merged).toMatchObject({ active: false, link: [{ type: 'replaced-by', other: to }] })
    const result: Patient = await read(`Patient/${target}`)
    expect(part(answer, 'result')).toEqual(result)
    expect(result).toMatchObject({
      birthDate: '2000',
      link: [{ type: 'replaces', other: { reference: `Patient/${source}` } }],
    })
    expect(result.identifier).toEqual([
      { system: 'http://mrn', value: target },
      { system: 'http://mrn', value: source, use: 'old' },
    ])

    const task = part(answer, 'task') as Task
    expect(task).toMatchObject({ resourceType: 'Task', status: 'completed' })
    const provenance: Provenance = await read(task.output![0]!.valueReference!.reference!)
    expect(provenance.target.map((one) => one.reference).sort()).toEqual([
      `Encounter/${id('e')}/_history/2`,
      `Group/${id('g')}/_history/2`,
      `Observation/${id('o')}/_history/2`,
      `Patient/${source}/_history/2`,
      `Patient/${target}/_history/2`,
    ])
  })

  it('as a preview says what it would do, and does nothing', async () => {
    const before = await server.count()
    const answer = await merge(...both(), preview)
    expect(part(answer, 'task')).toBeUndefined()
    expect(part(answer, 'outcome')).toMatchObject({
      issue: [{ diagnostics: expect.stringMatching(/^3 resources would/) }, {}, {}, {}, {}],
    })
    expect((part(answer, 'result') as Patient).link).toHaveLength(1)
    expect(await server.count()).toBe(before)
    for (const name of [`Patient/${source}`, `Patient/${target}`, `Observation/${id('o')}`])
      expect((await read(name)).meta.versionId).toBe('1')
  })

  it('finds both by identifiers, and makes of the target what it is told to', async () => {
    const identifier = (name: string, value: string) => ({ name, valueIdentifier: { system: 'http://mrn', value } })
    const result = {
      resourceType: 'Patient',
      id: target,
      identifier: [{ system: 'http://mrn', value: target }],
      gender: 'female',
      link: [{ type: 'replaces', other: { reference: `Patient/${source}` } }],
    }
    await merge(identifier('source-patient-identifier', source), identifier('target-patient-identifier', target), {
      name: 'result-patient',
      resource: result,
    })
    const now = await read(`Patient/${target}`)
    expect(now).toMatchObject(result)
    expect(now.birthDate).toBeUndefined()
  })

  it('finds references in what is contained, too', async () => {
    const inside = { resourceType: 'Observation', id: 'in', status: 'final', code: { text: 'x' } }
    const report = (of: string) => ({
      resourceType: 'DiagnosticReport',
      id: id('report'),
      status: 'final',
      code: { text: 'x' },
      contained: [{ ...inside, subject: { reference: of } }],
      result: [{ reference: '#in' }],
    })
    const body = report(`Patient/${source}`)
    await server.expect(201, `PUT DiagnosticReport/${body.id}`, { body })
    await merge(...both())
    expect(await read(`DiagnosticReport/${body.id}`)).toMatchObject(report(`Patient/${target}`))
  })

  it('keeps a reference to a version of the source as it is', async () => {
    const at = { reference: `Patient/${source}/_history/1` }
    await server.expect(201, `PUT Provenance/${id('p')}`, {
      body: {
        resourceType: 'Provenance',
        id: id('p'),
        recorded: '2024-01-01T00:00:00Z',
        target: [at],
        agent: [{ who: { display: 'x' } }],
      },
    })
    await merge(...both())
    expect(await read(`Provenance/${id('p')}`)).toMatchObject({ target: [at], meta: { versionId: '1' } })
  })

  it.each<[number, (answer: () => object[]) => object[], RegExp]>([
    [400, (all) => all().slice(1), /source-patient is needed/],
    [400, (all) => all().slice(0, 1), /target-patient is needed/],
    [400, (all) => [all()[0]!, reference('target-patient', 'Observation/1')], /a Patient of this server/],
    [404, (all) => [all()[0]!, reference('target-patient', 'Patient/nobody')], /nobody|no resource/],
    [
      404,
      (all) => [all()[0]!, { name: 'target-patient-identifier', valueIdentifier: { value: 'nobody' } }],
      /No Patient/,
    ],
    [422, (all) => [all()[0]!, reference('target-patient', `Patient/${source}`)], /are the same/],
    [
      422,
      (all) => [...all(), { name: 'source-patient-identifier', valueIdentifier: { value: 'x' } }],
      /does not have all/,
    ],
    [
      400,
      (all) => [...all(), { name: 'result-patient', resource: { resourceType: 'Patient', id: 'x' } }],
      /that of the target/,
    ],
    [
      400,
      (all) => [...all(), { name: 'result-patient', resource: { resourceType: 'Patient', id: target } }],
      /says? that it replaces/,
    ],
  ])('%i: %s', async (status, parameters, reason) => {
    expect(await server.refused(status, 'POST Patient/$merge', asked(...parameters(both)))).toMatch(reason)
  })

  it('refuses who was merged already, whichever way', async () => {
    await merge(...both())
    expect(await server.refused(422, 'POST Patient/$merge', asked(...both()))).toMatch(/source patient was merged/)
    const back = [reference('source-patient', `Patient/${target}`), reference('target-patient', `Patient/${source}`)]
    expect(await server.refused(422, 'POST Patient/$merge', asked(...back))).toMatch(/target patient was merged/)
  })

  it('refuses more than a transaction may have, and then has done nothing', async () => {
    const entry = Array.from({ length: 20 }, () => ({
      resource: { resourceType: 'Basic', code: { text: 'x' }, subject: { reference: `Patient/${source}` } },
      request: { method: 'POST', url: 'Basic' },
    }))
    expect((await server.transact(entry)).status).toBe(200)
    expect(await server.refused(422, 'POST Patient/$merge', asked(...both()))).toContain(
      'INGLE_MAX_TRANSACTION_ENTRIES',
    )
    expect((await read(`Patient/${source}`)).meta.versionId).toBe('1')
  })

  it('of the same two at once is done once', async () => {
    const answers = await Promise.all([1, 2, 3, 4].map(() => server.ask('POST Patient/$merge', asked(...both()))))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 422, 422, 422])
    expect((await read(`Patient/${target}`)).link).toHaveLength(1)
  })
})

describe('Patient/$merge-undo', () => {
  const undo = async () => {
    const task = part(await merge(...both()), 'task') as Task
    return [reference('task', `Task/${task.id}`)]
  }

  it('makes all as it was, in new versions', async () => {
    const names = [
      `Patient/${source}`,
      `Patient/${target}`,
      `Observation/${id('o')}`,
      `Group/${id('g')}`,
      `Encounter/${id('e')}`,
    ]
    const before = await Promise.all(names.map(read))
    const task = await undo()
    const looked = await server.expect(200, 'POST Patient/$merge-undo', asked(...task, preview))
    expect(part(looked.json, 'outcome')).toMatchObject({
      issue: [{ diagnostics: '5 resources can be as they were before the merge' }],
    })
    expect((await read(names[0]!)).active).toBe(false)

    const { json } = await server.expect(200, 'POST Patient/$merge-undo', asked(...task))
    expect(part(json, 'task')).toMatchObject({ status: 'cancelled' })
    for (const [i, name] of names.entries()) {
      const { meta, ...rest } = await read(name)
      const { meta: _, ...expected } = before[i]
      expect(rest, name).toEqual(expected)
      expect(meta.versionId).toBe('3')
    }
    const found: Bundle = await read(`Encounter?patient=${source}`)
    expect(found.entry).toHaveLength(1)
    expect(await server.refused(409, 'POST Patient/$merge-undo', asked(...task))).toMatch(/taken back already/)
    await merge(...both())
  })

  it('names what was changed since, and then does nothing', async () => {
    const task = await undo()
    await server.expect(204, `DELETE Group/${id('g')}`)
    const patient = await read(`Patient/${target}`)
    await server.expect(200, `PUT Patient/${target}`, { body: { ...patient, gender: 'male' } })
    const reason = await server.refused(409, 'POST Patient/$merge-undo', asked(...task))
    expect(reason).toContain(`Patient/${target}`)
    expect(reason).toContain(`Group/${id('g')}`)
    expect(reason).not.toContain(`Observation/${id('o')}`)
    expect((await read(`Observation/${id('o')}`)).meta.versionId).toBe('2')
  })

  it('is of a merge', async () => {
    await server.expect(201, `PUT Task/${id('t')}`, {
      body: { resourceType: 'Task', id: id('t'), status: 'completed', intent: 'order' },
    })
    const ask = (to: string) => asked(reference('task', to))
    expect(await server.refused(422, 'POST Patient/$merge-undo', ask(`Task/${id('t')}`))).toMatch(/not that of a merge/)
    await server.refused(404, 'POST Patient/$merge-undo', ask('Task/none'))
    await server.refused(400, 'POST Patient/$merge-undo', ask('Patient/1'))
  })
})
