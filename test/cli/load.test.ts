import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { BundleEntry, Patient } from '@medplum/fhirtypes'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Endpoint } from '../../src/cli/load/endpoint.js'
import { Journal } from '../../src/cli/load/journal.js'
import { load } from '../../src/cli/load/load.js'
import { findSources } from '../../src/cli/load/sources.js'
import { Tally } from '../../src/cli/load/tally.js'
import { FakeServer } from './fake-server.js'

let folder: string
let server: FakeServer

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ingle-load-'))
  mkdirSync(join(folder, 'in'))
  server = await new FakeServer().start()
})
afterEach(async () => {
  await server.stop()
  rmSync(folder, { recursive: true })
})

function write(name: string, content: string | object) {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  writeFileSync(join(folder, 'in', name), name.endsWith('.gz') ? gzipSync(text) : text)
}

/** Loads the folder as `npm run load -- FOLDER` does, with short pauses. */
async function loadFolder({ restart = false, concurrency = 4, attempts = 6 } = {}): Promise<Tally> {
  const endpoint = new Endpoint(server.url, concurrency, { attempts, pause: 5, longest: 50 })
  const journal = new Journal(join(folder, 'journal'), server.url, restart)
  const tally = new Tally()
  const { sources } = await findSources([join(folder, 'in')])
  const mrnSystem = 'https://hospital.example/mrn'
  try {
    await load({ sources, endpoint, journal, tally, concurrency, mrnSystem, onRead: () => {} })
  } finally {
    journal.close()
    endpoint.close()
  }
  return tally
}

const transaction = (...resources: object[]) => ({
  resourceType: 'Bundle',
  type: 'transaction',
  entry: resources.map((resource, i) => ({
    fullUrl: `urn:uuid:00000000-0000-4000-8000-00000000000${i}`,
    resource,
    request: { method: 'POST', url: (resource as { resourceType: string }).resourceType },
  })),
})
const entries = () => server.received.flatMap(({ bundle }) => bundle.entry ?? []) as BundleEntry[]
const patients = () => entries().map(({ resource }) => resource as Patient)

describe('bundles', () => {
  it('are posted unchanged when they are transactions, plain or gzip', async () => {
    const text = JSON.stringify(transaction({ resourceType: 'Patient' }), null, 2)
    write('a.json', text)
    write('b.json.gz', text)
    const tally = await loadFolder()
    expect(server.received.map((received) => received.text)).toEqual([text, text])
    expect([...tally.stored]).toEqual([['Patient', 2]])
    expect(server.received[0]!.headers['idempotency-key']).not.toBe(server.received[1]!.headers['idempotency-key'])
  })

  it('go in the order of their dependencies, whatever they are called', async () => {
    write('a.json', transaction({ resourceType: 'Patient' }, { resourceType: 'Observation' }))
    write('b.json', transaction({ resourceType: 'PractitionerRole' }, { resourceType: 'Practitioner' }))
    write('y.ndjson', '{"resourceType":"Patient","id":"p"}')
    write('z.json.gz', transaction({ resourceType: 'Organization' }))
    await loadFolder()
    const types = server.received.map(({ bundle }) => bundle.entry?.[0]?.resource?.resourceType)
    expect(types).toEqual(['Organization', 'PractitionerRole', 'Patient', 'Patient'])
    expect(server.received[3]!.bundle.type).toBe('transaction')
  })

  it('of type collection become batches that keep decimals and references', async () => {
    const resource =
      '{"resourceType":"Observation","id":"o","valueQuantity":{"value":1.10},"subject":{"reference":"urn:uuid:p"}}'
    write(
      'c.json',
      `{"resourceType":"Bundle","type":"collection","entry":[
        {"fullUrl":"urn:uuid:p","resource":{"id":"p","resourceType":"Patient"}},{"resource": ${resource} }]}`,
    )
    await loadFolder()
    expect(server.received[0]!.bundle.type).toBe('batch')
    expect(server.received[0]!.text).toContain('"value":1.10')
    expect(entries().map(({ request }) => request)).toEqual([
      { method: 'PUT', url: 'Patient/p' },
      { method: 'PUT', url: 'Observation/o' },
    ])
    expect(server.received[0]!.text).toContain('"reference":"Patient/p"')
  })

  it('of other types, and files that are not FHIR, are failures that stop nothing', async () => {
    write('a.json', { resourceType: 'Bundle', type: 'history' })
    write('b.json', '{ not json')
    writeFileSync(join(folder, 'in', 'c.json.gz'), 'not gzip')
    write('d.json', { resourceType: 'Patient' })
    const tally = await loadFolder()
    expect(tally.failed).toBe(3)
    expect(tally.resources).toBe(1)
    expect(tally.toString()).toMatch(/3 failures:[\s\S]*history[\s\S]*not JSON[\s\S]*cannot be read/)
  })
})

describe('NDJSON', () => {
  it('goes in batches of 200, as PUT with an id and as POST without, the text as it was', async () => {
    const lines = Array.from({ length: 450 }, (_, i) =>
      i % 2
        ? `{"resourceType":"Patient","id":"p${i}"}`
        : `{"resourceType":"Observation","valueQuantity":{"value":${i}.50}}`,
    )
    write('all.ndjson', `${lines.join('\n')}\n\n`)
    const tally = await loadFolder()
    expect(server.received.map(({ bundle }) => bundle.entry?.length).sort()).toEqual([200, 200, 50])
    expect([...tally.stored].sort()).toEqual([
      ['Observation', 225],
      ['Patient', 225],
    ])
    expect(server.received.map(({ text }) => text).join()).toContain('"value":448.50')
    expect(entries()[1]!.request).toEqual({ method: 'PUT', url: 'Patient/p1' })
    expect(entries()[0]!.request).toEqual({ method: 'POST', url: 'Observation' })
  })

  it('reports the lines that the server or the parser refuses, by number and reason', async () => {
    write('x.ndjson', '{"resourceType":"Patient","id":"a"}\n{"resourceType":"Patient","id":"b"}\n{oops\n')
    server.refuseEntry = ({ resource }) => (resource?.id === 'b' ? { status: 422, diagnostics: 'no name' } : undefined)
    const tally = await loadFolder()
    expect(tally.resources).toBe(1)
    expect(tally.toString()).toContain('422 no name\n      x.ndjson line 2')
    expect(tally.toString()).toContain('not JSON with a resourceType\n      x.ndjson line 3')
  })
})

describe('CSV', () => {
  it('makes Patients with conditional creates, and refuses bad rows with their number and every reason', async () => {
    write(
      'list.csv',
      [
        'MRN,ssn,family,given,birth_date,gender,phone,email,line,city,state,postal code,language',
        '1001,123456789,"Núñez, y Gil",Ana,02/28/1980,F,555-0100-200,ana@example.org,1 High St,Quincy,MA,02169,es',
        '1002,12,Young,,1980-02-30,x,,,,,,,',
        ',,Nobody,,,,,,,,,,',
        'short,row',
        '1003,,Last,Bo,,male,,,,,,,',
      ].join('\r\n'),
    )
    const tally = await loadFolder()
    expect(patients()[0]).toMatchObject({
      identifier: [
        { system: 'https://hospital.example/mrn', value: '1001', type: { coding: [{ code: 'MR' }] } },
        { system: 'http://hl7.org/fhir/sid/us-ssn', value: '123-45-6789' },
      ],
      name: [{ family: 'Núñez, y Gil', given: ['Ana'] }],
      birthDate: '1980-02-28',
      gender: 'female',
      address: [{ line: ['1 High St'], city: 'Quincy', state: 'MA', postalCode: '02169' }],
      communication: [{ language: { coding: [{ code: 'es' }] } }],
    })
    expect(entries()[0]!.request!.ifNoneExist).toBe('identifier=https%3A%2F%2Fhospital.example%2Fmrn%7C1001')
    expect(tally.resources).toBe(2)
    expect([...tally.failures].map(([reason, { places }]) => [places[0], reason]).sort()).toEqual([
      ['list.csv row 3', expect.stringMatching(/ssn is not nine digits; birthDate is not a day.*; gender is not/)],
      ['list.csv row 4', 'mrn is empty'],
      ['list.csv row 5', expect.stringMatching(/column/i)],
    ])
  })

  it('refuses a list whose columns it does not know, and leaves out tables of other things', async () => {
    write('list.csv', 'mrn,surname\n1,Doe')
    write('more.csv', 'mrn,family,shoe size\n1,Doe,42')
    write('index.csv', 'file,bytes\na.json,12')
    const tally = await loadFolder()
    expect(server.received).toEqual([])
    expect([...tally.failures.keys()]).toEqual([
      'column family missing',
      expect.stringMatching(/^column shoe size not known; columns are mrn, ssn/),
    ])
    expect([...tally.leftOut.keys()]).toEqual([
      'file index.csv, a table of something else: column mrn and family missing',
    ])
  })
})

describe('HL7 v2', () => {
  const msh = (type: string) => `MSH|^~\\&|APP|QUINCY|IN|GATE|20240101||${type}|1|P|2.5`

  it('updates the Patient of each ADT by its record number, in order, and names what is not loaded', async () => {
    write(
      'feed.hl7',
      [
        `\uFEFF\x0b${msh('ADT^A01')}`,
        'PID|1||12^^^H&1.2.3&ISO^MR~123456789^^^USA^SS||O\\T\\Hara^Jo^B||19800228|F||2106-3^White|1 High St^^Quincy^MA^02169^USA^H||(617)555-0100^PRN^PH~^NET^Internet^jo@example.org||en^English||||||||||||||N||ref',
        'PV1|1|I',
        '\x1c',
        msh('ADT^A08'),
        'PID|1||12^^^H&1.2.3&ISO^MR||Hara^Jo',
        msh('ORU^R01'),
        'PID|1||12^^^H&1.2.3&ISO^MR||Hara^Jo',
        msh('ADT^A04'),
        'PID|1||77||Nameless',
        msh('ADT^A04'),
        'PID|1||12^^^NORTH^MR||Other^MSH',
      ].join('\r'),
    )
    const tally = await loadFolder()
    expect(
      server.received.map(({ bundle }) => bundle.entry!.map(({ request }) => decodeURIComponent(request!.url!))),
    ).toEqual([
      ['Patient?identifier=urn:oid:1.2.3|12'],
      ['Patient?identifier=urn:oid:1.2.3|12', 'Patient?identifier=https://hospital.example/mrn/NORTH|12'],
    ])
    expect(patients()[0]).toMatchObject({
      identifier: [
        { system: 'urn:oid:1.2.3', value: '12' },
        { system: 'http://hl7.org/fhir/sid/us-ssn', value: '123-45-6789' },
      ],
      name: [{ family: 'O&Hara', given: ['Jo', 'B'] }],
      birthDate: '1980-02-28',
      gender: 'female',
      telecom: [
        { system: 'phone', value: '(617)555-0100' },
        { system: 'email', value: 'jo@example.org' },
      ],
      address: [{ use: 'home', line: ['1 High St'], city: 'Quincy', postalCode: '02169' }],
    })
    expect(patients()[2]!.name).toEqual([{ family: 'Other', given: ['MSH'] }])
    expect([...tally.leftOut]).toEqual([
      ['PV1 segment', 1],
      ['PID-31 field', 1],
      ['ORU^R01 message', 1],
    ])
    expect(tally.toString()).toContain('PID-3 has no medical record number (CX.5 MR or PI)\n      feed.hl7 message 4')
  })
})

describe('a server that is busy or breaks', () => {
  it('is asked again after 503, 429, 409 and a lost connection, with the same idempotency key', async () => {
    write('a.json', transaction({ resourceType: 'Patient' }))
    const answers = [{ status: 503, headers: { 'retry-after': '0' } }, { status: 429 }, { status: 409 }, 'cut' as const]
    server.refuse = (_, number) => answers[number - 1]
    const tally = await loadFolder()
    expect(tally.failed).toBe(0)
    expect(server.received).toHaveLength(5)
    expect(new Set(server.received.map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
  })

  it('is asked again for the entries of a batch that it could not take now, and for no others', async () => {
    write('x.ndjson', '{"resourceType":"Patient","id":"a"}\n{"resourceType":"Patient","id":"b"}')
    let refusals = 2
    server.refuseEntry = ({ resource }) => (resource?.id === 'b' && refusals-- > 0 ? { status: 503 } : undefined)
    const tally = await loadFolder()
    expect(patients().map(({ id }) => id)).toEqual(['a', 'b', 'b', 'b'])
    expect([tally.resources, tally.failed]).toEqual([2, 0])
  })

  it('that stays away ends the load; the next one sends only what was not acknowledged', async () => {
    for (let i = 0; i < 10; i++) write(`${i}.json`, transaction({ resourceType: 'Patient' }))
    write('x.ndjson', Array.from({ length: 500 }, (_, i) => `{"resourceType":"Observation","id":"${i}"}`).join('\n'))
    server.refuse = (_, number) => (number > 11 ? 'cut' : undefined)
    await expect(loadFolder({ concurrency: 1, attempts: 2 })).rejects.toThrow()
    expect(server.count('Patient')).toBe(10)
    expect(server.count('Observation')).toBe(200)

    server.refuse = () => undefined
    const again = await loadFolder()
    expect(again.resources).toBe(300)
    expect(again.earlier).toEqual({ files: 10, resources: 210 })
    expect(server.count('Patient')).toBe(10)
    expect(server.count('Observation')).toBe(500)

    expect((await loadFolder()).toString()).toContain('11 files with 510 resources skipped')
    expect((await loadFolder({ restart: true })).resources).toBe(510)
  })

  it('is sent the failed entries again by the next run, and only those', async () => {
    write('x.ndjson', '{"resourceType":"Patient","id":"a"}\n{"resourceType":"Patient","id":"b"}')
    server.refuseEntry = ({ resource }) => (resource?.id === 'b' ? { status: 422 } : undefined)
    expect((await loadFolder()).failed).toBe(1)
    server.refuseEntry = () => undefined
    expect((await loadFolder()).resources).toBe(1)
    expect(patients().map(({ id }) => id)).toEqual(['a', 'b', 'b'])
  })
})
