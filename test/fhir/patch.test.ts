import { createPatch } from 'rfc6902'
import { describe, expect, it } from 'vitest'
import { FhirError } from '../../src/base/errors.js'
import { parseJson, stringifyJson } from '../../src/fhir/json.js'
import { applyFhirPathPatch } from '../../src/fhir/patch/fhirpath-patch.js'
import { applyJsonPatch } from '../../src/fhir/patch/json-patch.js'

type Json = Record<string, unknown>

/** A random source that gives the same numbers in every run. */
function randomOf(seed: number) {
  let state = seed
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  return { next, pick: <T>(list: readonly T[]) => list[Math.floor(next() * list.length)] as T }
}

function failure(run: () => unknown): FhirError {
  try {
    run()
  } catch (error) {
    if (error instanceof FhirError) return error
    throw error
  }
  throw new Error('It did not fail')
}

const patient = (): Json => ({
  resourceType: 'Patient',
  active: true,
  birthDate: '1970-05-05',
  _birthDate: { extension: [{ url: 'http://birth-time', valueDateTime: '1970-05-05T05:05:05Z' }] },
  name: [
    { use: 'official', family: 'Quist', given: ['Jo', 'Kim'], _given: [null, { id: 'k' }] },
    { use: 'usual', given: ['Jojo'] },
  ],
  contact: [{ name: { text: 'Ann' } }],
  contained: [{ resourceType: 'Organization', id: 'org', name: 'Ward' }],
  managingOrganization: { reference: '#org' },
})

describe('JSON Patch', () => {
  const patched = (...patch: object[]) => applyJsonPatch(patient(), patch) as Json

  it('applies operations in order', () => {
    expect(
      patched(
        { op: 'test', path: '/name/1/use', value: 'usual' },
        { op: 'remove', path: '/name/0' },
        { op: 'replace', path: '/name/0/use', value: 'nickname' },
        { op: 'add', path: '/name/0/given/-', value: 'J' },
        { op: 'copy', from: '/name/0/given/0', path: '/name/0/text' },
        { op: 'move', from: '/name/0/given/1', path: '/name/0/given/0' },
      ).name,
    ).toEqual([{ use: 'nickname', given: ['J', 'Jojo'], text: 'Jojo' }])
  })

  it.each([
    ['a missing member', { op: 'remove', path: '/gender' }],
    ['a missing member to replace', { op: 'replace', path: '/gender', value: 'male' }],
    ['a missing parent', { op: 'add', path: '/maritalStatus/text', value: 'x' }],
    ['a child of a string', { op: 'add', path: '/birthDate/x', value: 1 }],
    ['an index with a leading zero', { op: 'replace', path: '/name/01', value: {} }],
    ['an index that is a name', { op: 'remove', path: '/name/length' }],
    ['a negative index', { op: 'remove', path: '/name/-1' }],
    ['an index behind the end', { op: 'add', path: '/name/3', value: {} }],
    ['the end, where nothing is yet', { op: 'remove', path: '/name/-' }],
    ['an inherited member', { op: 'copy', from: '/constructor/name', path: '/language' }],
    ['a prototype', { op: 'add', path: '/__proto__/polluted', value: true }],
    ['a value that moves into itself', { op: 'move', from: '/name', path: '/name/0/family' }],
    ['a list that shrinks under the move', { op: 'move', from: '/name/0', path: '/name/2' }],
    ['a test of another value', { op: 'test', path: '/name/0/given', value: ['Kim', 'Jo'] }],
    ['a test of another type', { op: 'test', path: '/active', value: 'true' }],
    ['a test of a missing member', { op: 'test', path: '/gender', value: null }],
  ])('refuses %s, naming operation and path', (_, operation) => {
    const { status, message } = failure(() => patched({ op: 'test', path: '/active', value: true }, operation))
    expect(status).toBe(422)
    expect(message).toMatch(`Operation 1 (${operation.op} ${operation.path}): `)
  })

  it.each([
    [{ op: 'add', path: '/gender', value: 'male' }, 'A JSON Patch is an array of operations'],
    [[{ op: 'spam', path: '/gender' }], /^Operation 0: 'op' must be add, remove, /],
    [[{ path: '/gender' }], /^Operation 0: it must .*'op'/],
    [
      [
        { op: 'remove', path: '/active' },
        { op: 'add', path: '/gender' },
      ],
      /^Operation 1: .*'value'/,
    ],
    [[{ op: 'move', path: '/gender' }], /^Operation 0: .*'from'/],
    [[{ op: 'remove', path: 'gender' }], /^Operation 0: 'path' must be a JSON Pointer/],
    [[{ op: 'remove', path: '/gen~der' }], /^Operation 0: 'path' must be a JSON Pointer/],
    [['remove'], /^Operation 0: it must be object/],
    [null, 'A JSON Patch is an array of operations'],
  ])('refuses the document %j', (patch, message) => {
    const error = failure(() => applyJsonPatch(patient(), patch))
    expect(error.status).toBe(400)
    expect(error.message).toMatch(message)
  })

  it('compares objects in any order, and numbers by value', () => {
    const resource = { a: { x: 1, y: [1.5] } }
    expect(applyJsonPatch(resource, [{ op: 'test', path: '/a', value: { y: [1.5], x: 1 } }])).toEqual(resource)
    const decimals = parseJson('{ "v": 1.10 }')
    expect(applyJsonPatch(decimals, parseJson('[{ "op": "test", "path": "/v", "value": 1.1 }]'))).toEqual(decimals)
  })

  it('unescapes ~1 and ~0', () => {
    expect(applyJsonPatch({ 'a/b': { '~1': 1 } }, [{ op: 'remove', path: '/a~1b/~01' }])).toEqual({})
  })

  it('leaves out what it has emptied, and keeps what it has filled again', () => {
    expect(patched({ op: 'remove', path: '/contact/0/name/text' })).not.toHaveProperty('contact')
    const refilled = patched(
      { op: 'remove', path: '/contact/0' },
      { op: 'add', path: '/contact/-', value: { gender: 'male' } },
    )
    expect(refilled.contact).toEqual([{ gender: 'male' }])
    expect(patched({ op: 'add', path: '/photo', value: [] }).photo).toEqual([])
  })

  it('keeps extensions beside their primitives when one of them is emptied', () => {
    const emptied = (ids: (string | null)[], path: string) => {
      const name = { given: ['A', 'B'], _given: ids.map((id) => id && { id }) }
      return applyJsonPatch({ resourceType: 'Patient', name: [name] }, [{ op: 'remove', path }]) as Json
    }
    expect(emptied(['a', 'b'], '/name/0/_given/0/id').name).toEqual([
      { given: ['A', 'B'], _given: [null, { id: 'b' }] },
    ])
    expect(emptied([null, 'b'], '/name/0/_given/1/id').name).toEqual([{ given: ['A', 'B'] }])
  })

  it('keeps the digits of decimals', () => {
    const resource = parseJson('{"resourceType":"Observation","valueQuantity":{"value":1.10}}')
    const patch = parseJson('[{"op":"add","path":"/component","value":[{"valueQuantity":{"value":2.00}}]}]')
    expect(stringifyJson(applyJsonPatch(resource, patch))).toBe(
      '{"resourceType":"Observation","valueQuantity":{"value":1.10},"component":[{"valueQuantity":{"value":2.00}}]}',
    )
  })

  it('stops copies that double the resource again and again', () => {
    const doubling = Array.from({ length: 40 }, (_, i) => ({ op: 'copy', from: '', path: `/x${i}` }))
    expect(failure(() => patched(...doubling)).issues[0]!.code).toBe('too-costly')
  })

  it('turns any document into any other, by patches of another implementation', () => {
    const { next, pick } = randomOf(6902)
    const value = (depth: number): unknown => {
      if (depth === 0 || next() < 0.3) return pick(['a', 'b', 1, 2.5, true, null])
      if (next() < 0.5) return Array.from({ length: 1 + Math.floor(next() * 4) }, () => value(depth - 1))
      return Object.fromEntries(Array.from({ length: 3 }, () => [pick(['p', 'q/r', '~s', '0', '-']), value(depth - 1)]))
    }
    for (let round = 0; round < 300; round++) {
      const [from, to] = [{ root: value(4) }, { root: value(4) }]
      expect(applyJsonPatch(from, createPatch(from, to))).toEqual(to)
    }
  })
})

/** Parameters for operations as `['add', 'Patient', { name: 'birthDate', value: { valueDate: '1930-01-01' } }]`. */
type Operation = [type: string, path: string, rest?: Json]

const parametersOf = (...operations: Operation[]) => ({
  resourceType: 'Parameters',
  parameter: operations.map(([type, path, { name, value, ...positions } = {}]) => ({
    name: 'operation',
    part: [
      { name: 'type', valueCode: type },
      { name: 'path', valueString: path },
      ...(name === undefined ? [] : [{ name: 'name', valueString: name }]),
      ...(value === undefined ? [] : [{ name: 'value', ...(value as Json) }]),
      ...Object.entries(positions).map(([name, valueInteger]) => ({ name, valueInteger })),
    ],
  })),
})

describe('FHIRPath Patch', () => {
  const patched = (...operations: Operation[]) => applyFhirPathPatch(patient(), parametersOf(...operations)) as Json
  const refusal = (...operations: Operation[]) => failure(() => patched(...operations))

  describe('add', () => {
    it('sets what is not there and appends to lists', () => {
      const { gender, name } = patched(
        ['add', 'Patient', { name: 'gender', value: { valueCode: 'other' } }],
        ['add', "Patient.name.where(use = 'usual')", { name: 'given', value: { valueString: 'J' } }],
      )
      expect(gender).toBe('other')
      expect((name as Json[])[1]!.given).toEqual(['Jojo', 'J'])
    })

    it('builds anonymous types from parts, to any depth', () => {
      const part = [
        { name: 'relationship', part: [{ name: 'coding', valueCoding: { code: 'E' } }] },
        { name: 'relationship', valueCodeableConcept: { text: 'boss' } },
        { name: 'name', valueHumanName: { text: 'Bo' } },
        {
          name: 'extension',
          part: [
            { name: 'url', valueUri: 'http://x' },
            { name: 'value', valueBoolean: true },
          ],
        },
      ]
      expect(patched(['add', 'Patient', { name: 'contact', value: { part } }]).contact).toEqual([
        { name: { text: 'Ann' } },
        {
          relationship: [{ coding: [{ code: 'E' }] }, { text: 'boss' }],
          name: { text: 'Bo' },
          extension: [{ url: 'http://x', valueBoolean: true }],
        },
      ])
    })

    it('names a choice by its type', () => {
      expect(patched(['add', 'Patient', { name: 'deceased', value: { valueDateTime: '2020' } }])).toHaveProperty(
        'deceasedDateTime',
        '2020',
      )
      expect(patched(['add', 'Patient', { name: 'deceasedBoolean', value: { valueBoolean: true } }])).toHaveProperty(
        'deceasedBoolean',
        true,
      )
    })

    it('follows content that refers to another element', () => {
      const questionnaire = {
        resourceType: 'Questionnaire',
        status: 'draft',
        item: [{ linkId: '1', item: [{ linkId: '2' }] }],
      }
      const part = [
        { name: 'linkId', valueString: '3' },
        { name: 'type', valueCode: 'display' },
      ]
      const operation: Operation = ['add', 'Questionnaire.item.item', { name: 'item', value: { part } }]
      expect(applyFhirPathPatch(questionnaire, parametersOf(operation))).toMatchObject({
        item: [{ item: [{ linkId: '2', item: [{ linkId: '3', type: 'display' }] }] }],
      })
    })

    it('puts extensions of primitives beside them, and keeps lists aligned', () => {
      const value = {
        part: [
          { name: 'url', valueUri: 'http://x' },
          { name: 'value', valueCode: 'c' },
        ],
      }
      const extension = [{ url: 'http://x', valueCode: 'c' }]
      const { _active, name } = patched(
        ['add', 'Patient.active', { name: 'extension', value }],
        ['add', 'Patient.name[1].given[0]', { name: 'extension', value }],
        ['add', 'Patient.name[1]', { name: 'given', value: { valueString: 'J', _valueString: { id: 'j' } } }],
        ['add', 'Patient.name[1]', { name: 'given', value: { valueString: 'K' } }],
      )
      expect(_active).toEqual({ extension })
      expect((name as Json[])[1]).toEqual({
        use: 'usual',
        given: ['Jojo', 'J', 'K'],
        _given: [{ extension }, { id: 'j' }, null],
      })
    })

    it('reaches into contained resources, and adds them', () => {
      const { contained } = patched(
        ['add', "Patient.contained.where(id = 'org')", { name: 'active', value: { valueBoolean: true } }],
        ['add', 'Patient', { name: 'contained', value: { resource: { resourceType: 'Device', id: 'd' } } }],
      )
      expect(contained).toEqual([
        { resourceType: 'Organization', id: 'org', name: 'Ward', active: true },
        { resourceType: 'Device', id: 'd' },
      ])
    })

    it.each<[string, Operation, RegExp]>([
      [
        'what is there and does not repeat',
        ['add', 'Patient', { name: 'active', value: { valueBoolean: true } }],
        /is there already/,
      ],
      ['to nothing', ['add', 'Patient.name[7]', { name: 'text', value: { valueString: 'x' } }], /selects nothing/],
      ['to several', ['add', 'Patient.name', { name: 'text', value: { valueString: 'x' } }], /selects 2 elements/],
      [
        'an unknown element',
        ['add', 'Patient', { name: 'size', value: { valueInteger: 1 } }],
        /Patient has no element 'size'/,
      ],
      [
        'a value of another type',
        ['add', 'Patient', { name: 'gender', value: { valueBoolean: true } }],
        /valueBoolean does not fit: code/,
      ],
      [
        'a choice of another type',
        ['add', 'Patient', { name: 'deceased', value: { valueCode: 'x' } }],
        /one of boolean, dateTime/,
      ],
      [
        'parts for a primitive',
        ['add', 'Patient', { name: 'gender', value: { part: [{ name: 'id', valueString: 'x' }] } }],
        /code is wanted/,
      ],
      [
        'a primitive for a backbone',
        ['add', 'Patient', { name: 'contact', value: { valueString: 'x' } }],
        /Patient\.contact is wanted/,
      ],
      [
        'a resource for an element',
        ['add', 'Patient', { name: 'photo', value: { resource: { resourceType: 'Device' } } }],
        /Attachment is wanted/,
      ],
    ])('refuses %s', (_, operation, message) => {
      const error = refusal(operation)
      expect(error.status).toBe(422)
      expect(error.message).toMatch(message)
    })
  })

  describe('insert and move', () => {
    it('inserts at the front, within and at the end', () => {
      const at = (index: number): Operation => [
        'insert',
        'Patient.name[0].given',
        { index, value: { valueString: 'X' } },
      ]
      const lists = [0, 1, 2].map((index) => (patched(at(index)).name as Json[])[0])
      expect(lists.map((name) => name!.given)).toEqual([
        ['X', 'Jo', 'Kim'],
        ['Jo', 'X', 'Kim'],
        ['Jo', 'Kim', 'X'],
      ])
      expect(lists.map((name) => name!._given)).toEqual([
        [null, null, { id: 'k' }],
        [null, null, { id: 'k' }],
        [null, { id: 'k' }, null],
      ])
    })

    it('inserts into a list that is empty', () => {
      const value = { valueContactPoint: { value: '1' } }
      expect(patched(['insert', 'Patient.telecom', { index: 0, value }]).telecom).toEqual([{ value: '1' }])
      expect(patched(['insert', 'telecom', { index: 0, value }]).telecom).toEqual([{ value: '1' }])
    })

    it.each([
      [0, 1, ['usual', 'official']],
      [1, 0, ['usual', 'official']],
      [1, 1, ['official', 'usual']],
    ])('moves %i to %i', (source, destination, uses) => {
      const { name } = patched(['move', 'Patient.name', { source, destination }])
      expect((name as Json[]).map(({ use }) => use)).toEqual(uses)
    })

    it('moves the extensions with their primitives', () => {
      const { name } = patched(['move', 'Patient.name[0].given', { source: 1, destination: 0 }])
      expect((name as Json[])[0]).toMatchObject({ given: ['Kim', 'Jo'], _given: [{ id: 'k' }, null] })
    })

    it.each<[Operation, number, RegExp]>([
      [
        ['insert', 'Patient.name', { index: 3, value: { valueHumanName: {} } }],
        422,
        /index 3 is outside the list: 0 to 2/,
      ],
      [['insert', 'Patient.telecom', { index: 1, value: { valueContactPoint: {} } }], 422, /index 1 is outside/],
      [['insert', 'Patient.name', { value: { valueHumanName: {} } }], 400, /'index'/],
      [['insert', 'Patient.birthDate', { index: 0, value: { valueDate: '2020' } }], 422, /no list 'birthDate'/],
      [['insert', 'Patient.name.first()', { index: 0, value: { valueHumanName: {} } }], 400, /name of a list/],
      [['move', 'Patient.name', { source: 2, destination: 0 }], 422, /source 2 is outside the list: 0 to 1/],
      [['move', 'Patient.name', { source: 0, destination: -1 }], 422, /destination -1 is outside/],
      [['move', 'Patient.telecom', { source: 0, destination: 0 }], 422, /which is empty/],
    ])('refuses %j', (operation, status, message) => {
      const error = refusal(operation)
      expect(error.status).toBe(status)
      expect(error.message).toMatch(message)
    })
  })

  describe('delete', () => {
    it('deletes with all that belongs to it', () => {
      const result = patched(['delete', 'Patient.birthDate'], ['delete', 'Patient.name[0].given[1]'])
      expect(result).not.toHaveProperty('birthDate')
      expect(result).not.toHaveProperty('_birthDate')
      expect((result.name as Json[])[0]).toEqual({ use: 'official', family: 'Quist', given: ['Jo'] })
    })

    it('deletes parents that have nothing else', () => {
      expect(patched(['delete', 'Patient.contact[0].name.text'])).not.toHaveProperty('contact')
      const { birthDate, ...rest } = patched(['delete', 'Patient.birthDate.extension[0]'])
      expect(birthDate).toBe('1970-05-05')
      expect(rest).not.toHaveProperty('_birthDate')
    })

    it('does nothing where nothing is', () => {
      expect(patched(['delete', 'Patient.photo'], ['delete', 'Observation.status'])).toEqual(patient())
    })

    it.each([
      ['Patient.name', /selects 2 elements/],
      ['Patient', /the resource itself/],
      ['Patient.birthDate.substring(0, 4)', /cannot use substring\(\)/],
      ['Patient.name.count()', /no element of the resource/],
      ['Patient.resourceType', /no element of the resource/],
    ])('refuses %s', (path, message) => {
      expect(refusal(['delete', path]).message).toMatch(message)
    })
  })

  describe('replace', () => {
    it('replaces primitives, complex types and items of lists', () => {
      const { birthDate, _birthDate, managingOrganization, name } = patched(
        ['replace', 'Patient.birthDate', { value: { valueDate: '1980-01-01' } }],
        ['replace', 'Patient.managingOrganization', { value: { valueReference: { reference: 'Organization/1' } } }],
        ['replace', 'Patient.name.given[1]', { value: { valueString: 'Lou' } }],
        ['replace', 'Patient.name.last()', { value: { valueHumanName: { text: 'N' } } }],
      )
      expect({ birthDate, _birthDate, managingOrganization, name }).toEqual({
        birthDate: '1980-01-01',
        _birthDate: undefined,
        managingOrganization: { reference: 'Organization/1' },
        name: [{ use: 'official', family: 'Quist', given: ['Jo', 'Lou'] }, { text: 'N' }],
      })
    })

    it('changes the type of a choice', () => {
      const observation = { resourceType: 'Observation', valueQuantity: { value: 1 }, status: 'final' }
      const operation: Operation = ['replace', 'Observation.value', { value: { valueString: 'one' } }]
      expect(applyFhirPathPatch(observation, parametersOf(operation))).toEqual({
        resourceType: 'Observation',
        status: 'final',
        valueString: 'one',
      })
    })

    it.each<[Operation, RegExp]>([
      [['replace', 'Patient.gender', { value: { valueCode: 'male' } }], /selects nothing/],
      [['replace', 'Patient.name', { value: { valueHumanName: {} } }], /selects 2/],
      [['replace', 'Patient.birthDate', { value: { valueString: 'x' } }], /date is wanted/],
      [['replace', 'Patient', { value: { resource: patient() } }], /the resource itself/],
    ])('refuses %j', (operation, message) => {
      expect(refusal(operation)).toMatchObject({ status: 422, message: expect.stringMatching(message) })
    })
  })

  it('names the operation, and applies all or nothing', () => {
    const resource = patient()
    const parameters = parametersOf(
      ['delete', 'Patient.birthDate'],
      ['replace', 'Patient.gender', { value: { valueCode: 'male' } }],
    )
    const error = failure(() => applyFhirPathPatch(resource, parameters))
    expect(error.message).toBe('Operation 1 (replace Patient.gender): the path selects nothing')
    expect(error.issues[0]!.expression).toEqual(['Parameters.parameter[1]'])
    expect(resource).toEqual(patient())
  })

  it.each<[unknown, RegExp]>([
    [patient(), /is a Parameters resource/],
    [{ resourceType: 'Parameters', parameter: [{ name: 'op' }] }, /'operation', not 'op'/],
    [{ resourceType: 'Parameters', parameter: {} }, /must be a list/],
    [parametersOf(['merge', 'Patient']), /type must be one of add, insert, delete, replace, move/],
    [parametersOf(['delete', 'Patient..name']), /Operation 0/],
    [parametersOf(['delete', "Patient.name.where(family.matches('(a+)+$'))"]), /cannot use matches\(\)/],
    [parametersOf(['delete', 'Patient.name | Patient.photo']), /cannot use a union/],
    [parametersOf(['delete', '%context.name']), /cannot use a %variable/],
    [parametersOf(['delete', `Patient${'.name'.repeat(300)}`]), /longer than 1000/],
    [parametersOf(['add', 'Patient', { name: 'photo' }]), /needs a part 'value'/],
    [parametersOf(['add', 'Patient', { value: { valueString: 'x' } }]), /needs a part 'name'/],
    [parametersOf(['add', 'Patient', { name: 'gender', value: {} }]), /value of type code is missing/],
    [
      parametersOf(['add', 'Patient', { name: 'gender', value: { valueCode: 'a', valueString: 'b' } }]),
      /more than one value/,
    ],
  ])('refuses the Parameters %#', (parameters, message) => {
    const error = failure(() => applyFhirPathPatch(patient(), parameters))
    expect(error.status).toBe(400)
    expect(error.message).toMatch(message)
  })

  it('keeps the digits of decimals, and finds by their value', () => {
    const component = '{"code":{"text":"a"},"valueQuantity":{"value":1.10}}'
    const observation = parseJson(
      `{"resourceType":"Observation","component":[${component}],"valueQuantity":{"value":2.50}}`,
    )
    const patch = parametersOf([
      'add',
      'Observation.component.where(value.value = 1.1)',
      { name: 'interpretation', value: { valueCodeableConcept: { text: 'n' } } },
    ])
    expect(stringifyJson(applyFhirPathPatch(observation, patch))).toBe(
      `{"resourceType":"Observation","component":[${component.slice(0, -1)},"interpretation":[{"text":"n"}]}],"valueQuantity":{"value":2.50}}`,
    )
  })

  it('has at most 1,000 operations', () => {
    const many = Array.from({ length: 1001 }, (): Operation => ['delete', 'Patient.photo'])
    expect(failure(() => patched(...many)).issues[0]!.code).toBe('too-costly')
  })

  it('changes nothing without operations', () => {
    expect(applyFhirPathPatch(patient(), { resourceType: 'Parameters' })).toEqual(patient())
  })
})

describe('any patch', () => {
  const { next, pick } = randomOf(4711)
  const frozen = (value: unknown): unknown => {
    if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen)
    return value
  }
  /** What holds whatever was asked: a new tree, without undefined, or a FhirError below 500; frozen input shows writes. */
  const holds = (apply: () => unknown) => {
    let result: unknown
    try {
      result = apply()
    } catch (error) {
      if (error instanceof FhirError && error.status < 500) return
      throw error
    }
    expect(JSON.parse(JSON.stringify(result))).toEqual(result)
  }
  const junk = ['x', '', 0, 1, -1, null, true, [], {}, [null], { a: 1 }, ['__proto__'], { __proto__: null }]

  it('of JSON gives a tree or a FhirError, and leaves its input', () => {
    const tokens = [
      '',
      'name',
      '0',
      '1',
      '-',
      '01',
      'given',
      '_given',
      'contact',
      'length',
      '__proto__',
      'constructor',
      'birthDate',
      '~0',
      'a~1b',
    ]
    const pointer = () => Array.from({ length: Math.floor(next() * 5) }, () => `/${pick(tokens)}`).join('')
    const operation = () => ({
      op: pick(['add', 'remove', 'replace', 'move', 'copy', 'test']),
      path: pointer(),
      from: pointer(),
      value: pick(junk),
    })
    for (let round = 0; round < 3000; round++) {
      const patch = frozen(Array.from({ length: 1 + Math.floor(next() * 3) }, operation))
      holds(() => applyJsonPatch(frozen(patient()), patch))
    }
    expect({}).not.toHaveProperty('polluted')
  })

  it('of FHIRPath gives a tree or a FhirError, and leaves its input', () => {
    const steps = [
      'name',
      'name[0]',
      'given',
      'given[1]',
      'birthDate',
      'extension',
      'extension[0]',
      'contact',
      'contained[0]',
      'value',
      'id',
      'where(true)',
      'first()',
      'active',
      'not()',
      '(',
      'deceased',
      "where(use='usual')",
    ]
    const path = () => ['Patient', ...Array.from({ length: Math.floor(next() * 4) }, () => pick(steps))].join('.')
    const values: unknown[] = [
      ...junk.map((valueString) => ({ valueString })),
      ...junk.map((part) => ({ part })),
      ...junk.map((resource) => ({ resource })),
      { valueHumanName: { text: 'x' } },
      { valueBoolean: false },
      { _valueString: { id: 'x' } },
      { part: [{ name: 'url', valueUri: 'http://x' }] },
      {
        part: [
          { name: 'family', valueString: 'x' },
          { name: 'given', part: [] },
        ],
      },
    ]
    for (let round = 0; round < 3000; round++) {
      const operation = (): Operation => [
        pick(['add', 'insert', 'delete', 'replace', 'move']),
        path(),
        {
          name: pick([
            'name',
            'given',
            'extension',
            'value',
            'deceased',
            'id',
            'contact',
            'contained',
            '__proto__',
            'constructor',
          ]),
          value: pick(values),
          index: pick([0, 1, 2, -1, 1.5, '0']),
          source: pick([0, 1, 2]),
          destination: pick([0, 1, 2]),
        },
      ]
      const patch = frozen(parametersOf(...Array.from({ length: 1 + Math.floor(next() * 2) }, operation)))
      holds(() => applyFhirPathPatch(frozen(patient()), patch))
    }
  })
})
