import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openViews, parameters, type View, type ViewServer } from './server.js'

// A view that is not valid is refused before it touches data, with the column and the expression at fault.

let server: ViewServer
beforeAll(async () => {
  server = await openViews()
  await server.expect(201, 'PUT Patient/p', { body: patient })
})
afterAll(() => server.stop())

const patient = { resourceType: 'Patient', id: 'p', name: [{ family: 'A', given: ['x', 'y'] }, { family: 'B' }] }
const column = (path: unknown, more: object = {}) => ({ select: [{ column: [{ name: 'c', path, ...more }] }] })
const named = (name: unknown) => ({ select: [{ column: [{ name, path: 'id' }] }] })
const at = 'ViewDefinition.select[0]'

describe('a view that is refused', () => {
  it.each<[what: string, view: View, says: string, at: string]>([
    ['no resource', { resource: undefined, ...column('id') }, 'resource is missing', 'ViewDefinition.resource'],
    ['a resource that is none', { resource: 'Patientt', ...column('id') }, '"Patientt"', 'ViewDefinition.resource'],
    ['a resource that is a number', { resource: 1, ...column('id') }, 'string', 'ViewDefinition.resource'],
    ['another FHIR', { fhirVersion: ['5.0.0'], ...column('id') }, '4.0.1', 'ViewDefinition.fhirVersion'],
    ['no select', {}, 'at least one select', 'ViewDefinition.select'],
    ['select that is no list', { select: {} }, 'list', 'ViewDefinition.select'],
    ['no column', { select: [{ forEach: 'name' }] }, 'at least one column', 'ViewDefinition.select'],
    ['a misspelt part', { select: [{ columns: [] }] }, 'columns', at],
    ['a misspelt part of a column', column('id', { typ: 'id' }), 'typ', `${at}.column[0]`],
    ['no path', column(undefined), 'path is missing', `${at}.column[0].path`],
    ['an empty path', column(' '), 'path is missing', `${at}.column[0].path`],
    ['a path that is a number', column(1), 'string', `${at}.column[0].path`],
    ['a name with a quote', named('a"b'), 'letters', `${at}.column[0].name`],
    ['a name with an underscore first', named('_a'), 'letters', `${at}.column[0].name`],
    ['no name', named(undefined), 'missing', `${at}.column[0].name`],
    [
      'a name twice',
      { select: [{ column: [{ name: 'a', path: 'id' }] }, { column: [{ name: 'a', path: 'id' }] }] },
      'two columns a',
      'ViewDefinition.select[1].column[0].name',
    ],
    [
      'collection that is no boolean',
      column('id', { collection: 'yes' }),
      'true or false',
      `${at}.column[0].collection`,
    ],
    ['a type that is none', column('id', { type: 'nope' }), '"nope"', `${at}.column[0].type`],
    [
      'a type that is another',
      column('active', { type: 'integer' }),
      "Column c: 'active' gives boolean, not integer",
      `${at}.column[0].path`,
    ],
    [
      'a type that is one of several',
      column('deceased', { type: 'boolean' }),
      'pick it by ofType(boolean)',
      `${at}.column[0].path`,
    ],
    ['two loops at once', { select: [{ forEach: 'name', repeat: ['contact'], column: [] }] }, 'forEach and repeat', at],
    ['forEach that is a number', { select: [{ forEach: 1, column: [] }] }, 'string', `${at}.forEach`],
    ['repeat that is no list', { select: [{ repeat: 'item', column: [] }] }, 'list', `${at}.repeat`],
    [
      'repeat that never ends',
      { select: [{ repeat: ['$this'], column: [{ name: 'a', path: 'id' }] }] },
      'cannot be repeated',
      `${at}.repeat[0]`,
    ],
    [
      'repeat of the resource',
      { select: [{ repeat: ['%resource.contact'], column: [{ name: 'a', path: 'id' }] }] },
      'cannot be repeated',
      `${at}.repeat[0]`,
    ],
    [
      'repeat of a word that R4 does not know',
      { select: [{ repeat: ['itme'], column: [{ name: 'a', path: 'id' }] }] },
      "'itme'",
      `${at}.repeat[0]`,
    ],
    [
      'a union of different columns',
      { select: [{ unionAll: [column('id').select[0], { column: [{ name: 'd', path: 'id' }] }] }] },
      'same columns',
      `${at}.unionAll[1]`,
    ],
    [
      'a union of different types',
      { select: [{ unionAll: [column('id').select[0], column('active').select[0]] }] },
      'boolean',
      `${at}.unionAll[1]`,
    ],
    [
      'a union of a list and a value',
      { select: [{ unionAll: [column('id').select[0], column('id', { collection: true }).select[0]] }] },
      'collection',
      `${at}.unionAll[1]`,
    ],
    [
      'where without a truth',
      { ...column('id'), where: [{ path: 'name.family' }] },
      'true or false',
      'ViewDefinition.where[0].path',
    ],
    [
      'a constant without a value',
      { ...column('%a'), constant: [{ name: 'a' }] },
      'one value',
      'ViewDefinition.constant[0]',
    ],
    [
      'a constant with two',
      { ...column('%a'), constant: [{ name: 'a', valueString: 'a', valueCode: 'b' }] },
      'one value',
      'ViewDefinition.constant[0]',
    ],
    [
      'a constant that is no primitive',
      { ...column('%a'), constant: [{ name: 'a', valueCoding: {} }] },
      'primitive',
      'ViewDefinition.constant[0].valueCoding',
    ],
    [
      'a constant that is no date',
      { ...column('%a'), constant: [{ name: 'a', valueDate: '2012-02-31' }] },
      'date',
      'ViewDefinition.constant[0].valueDate',
    ],
    [
      'a constant twice',
      {
        ...column('%a'),
        constant: [
          { name: 'a', valueString: 'a' },
          { name: 'a', valueString: 'b' },
        ],
      },
      'twice',
      'ViewDefinition.constant[1].name',
    ],
  ])('has %s', async (_, view, says, where) => {
    const refusal = await server.refused(422, { resource: 'Patient', ...view })
    expect(refusal).toContain(says)
    expect(refusal).toContain(`(${where})`)
  })
})

describe('an expression that is refused', () => {
  it.each([
    ['@@', 'is not FHIRPath'],
    ['name.', 'is not FHIRPath'],
    ['name[2147483648].family', 'an index above 2147483647'],
    ["'open", 'is not FHIRPath'],
    [`${'('.repeat(200)}1${')'.repeat(200)}`, 'is not FHIRPath'],
    [`id${'.first()'.repeat(600)}`, 'more than 400 steps'],
    ['x'.repeat(10_001), 'longer than 10000'],
    ['nope', "asks for 'nope', which Patient does not have"],
    ['name.nope', "asks for 'nope', which HumanName does not have"],
    ['deceasedBoolean', 'deceased.ofType(boolean)'],
    ['Group.name', 'speaks of Group'],
    ['%nope', '%nope is not defined'],
    ['$index', '$index'],
    ['nope()', 'nope(), which a view cannot use; it can use'],
    ['constructor()', 'constructor()'],
    ['__proto__', "'__proto__'"],
    ['name.first(1)', 'first() 1 arguments; it takes 0'],
    ['name.where()', 'where() 0 arguments; it takes 1'],
    ["name['x']", 'whole number'],
    ['id.ofType(nope)', "'nope' is not a type"],
    ["id.ofType('string')", 'a type is given by its name'],
    ['active.ofType(string)', 'is never a string'],
    ["active = 'true'", 'compares boolean with string'],
    ['name = 1', 'compares HumanName with integer'],
    ['name < name', 'have no order'],
    ['id + 1', 'where a number is needed'],
    ['active.length()', 'where a text is needed'],
    ['deceased < @2020', 'pick one by ofType()'],
    ['birthDate > @2020-01-01T10:00', 'not hh:mm:ss'],
    ['birthDate > @2020-02-31', 'does not exist'],
    ['birthDate > @2020-13', 'does not exist'],
    ['@T25:00:00', 'not hh:mm:ss'],
    ['birthDate + 4 years', 'quantity'],
    ['active.lowBoundary()', 'takes a boundary of a boolean'],
    ['name.getReferenceKey()', 'no Reference'],
    ['managingOrganization.getReferenceKey(HumanName)', 'not a resource type'],
    ['name.getResourceKey()', 'only resources'],
    ['name.skip(id.length())', 'whole number'],
  ])('%.60s', async (path, says) => {
    const refusal = await server.refused(422, { resource: 'Patient', select: [{ column: [{ name: 'c', path }] }] })
    expect(refusal).toContain('Column c: ')
    expect(refusal).toContain(says)
    expect(refusal).toContain('(ViewDefinition.select[0].column[0].path)')
  })

  it('doubles itself with every step', async () => {
    const nested = Array.from({ length: 60 }).reduce((inner) => `(${inner} ~ active)`, 'active')
    const refusal = await server.refused(422, {
      resource: 'Patient',
      select: [{ column: [{ name: 'c', path: nested }] }],
    })
    expect(refusal).toContain('ask for less at once')
  })
})

describe('data that does not fit', () => {
  it.each([
    ['name.family', { type: 'string' }, 'Column c has several values in one row'],
    ["name.family + '!'", {}, 'several values where it takes one'],
    ['name.given.single()', {}, 'several values where it takes one'],
    ["id.matches('(')", {}, 'regular expression'],
    ['10.power(9999999)', {}, 'cannot compute with'],
  ])('%s', async (path, more, says) => {
    const view = { resource: 'Patient', select: [{ column: [{ name: 'c', path, ...more }] }] }
    // A regular expression is the request's own fault, whatever the data.
    const status = path.includes('matches') ? 400 : 422
    expect(await server.refused(status, view, [patient])).toContain(says)
    expect(await server.refused(status, view)).toContain(says)
  })

  it('has a text where the type has a number', async () => {
    const view = { resource: 'Patient', select: [{ column: [{ name: 'c', path: 'telecom.rank.first() + 1' }] }] }
    const bad = { resourceType: 'Patient', telecom: [{ rank: 'three' }] }
    expect(await server.refused(422, view, [bad])).toContain('not a number')
  })
})

describe('SQL in disguise', () => {
  const evil = [
    "'); drop table version; --",
    "' or true --",
    '$$; select 1',
    "\\'; select pg_sleep(9); --",
    '"; --',
    '\u2019 or 1=1',
  ]

  it.each(evil)('%s is text as a constant, a literal and a value', async (text) => {
    const view = {
      resource: 'Patient',
      constant: [{ name: 'c', valueString: text }],
      where: [{ path: 'name.family.first() = %c' }],
      select: [
        {
          column: [
            { name: 'a', path: '%c' },
            { name: 'b', path: `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'` },
            { name: 'c', path: 'name.family' },
            { name: 'd', path: "name.where(family = %c).select(family.replace(%c, 'gone'))" },
            { name: 'e', path: 'extension(%c).value.ofType(string)' },
          ],
        },
      ],
    }
    const resource = { resourceType: 'Patient', name: [{ family: text }], extension: [{ url: text, valueString: 'v' }] }
    expect(await server.rows(view, [resource])).toEqual([{ a: text, b: text, c: text, d: 'gone', e: 'v' }])
  })

  it.each(evil)('%s is no name of an element, a column, a type or a function', async (text) => {
    for (const path of [text, `name.\`${text}\``, `%\`${text}\``, `name.ofType(${text})`, `${text}()`]) {
      await server.refused(422, { resource: 'Patient', select: [{ column: [{ name: 'c', path }] }] })
    }
    await server.refused(422, { resource: 'Patient', select: [{ column: [{ name: text, path: 'id' }] }] })
    await server.refused(422, { resource: text, select: [{ column: [{ name: 'c', path: 'id' }] }] })
    await server.refused(422, { resource: 'Patient', select: [{ column: [{ name: 'c', path: 'id', type: text }] }] })
  })

  it('has left everything as it was', async () => {
    expect(await server.rows({ resource: 'Patient', select: [{ column: [{ name: 'id', path: 'id' }] }] })).toEqual([
      { id: 'p' },
    ])
  })
})

describe('a request that is refused', () => {
  const good = { resource: 'Patient', select: [{ column: [{ name: 'id', path: 'id' }] }] }
  const run = (...more: object[]) => ({ body: parameters(good, [], more), headers: { Accept: 'application/json' } })

  it.each<[what: string, status: number, says: string, path: string, asked: object]>([
    ['no view', 400, 'Exactly one of viewResource', 'ViewDefinition/$run', { body: { resourceType: 'Parameters' } }],
    [
      'two views',
      400,
      'Exactly one of viewResource',
      'ViewDefinition/$run',
      run({ name: 'viewCanonical', valueCanonical: 'http://a' }),
    ],
    [
      'a view of another type',
      400,
      'should be a ViewDefinition',
      'ViewDefinition/$run',
      { body: { resourceType: 'Parameters', parameter: [{ name: 'viewResource', resource: patient }] } },
    ],
    ['a view in the URL and in the body', 400, 'named by the URL', 'ViewDefinition/x/$run', run()],
    [
      'a reference to nothing',
      404,
      'no resource',
      'ViewDefinition/nope/$run',
      { body: { resourceType: 'Parameters' } },
    ],
    [
      'a reference to what holds no views',
      404,
      'is no view',
      'ViewDefinition/$run?viewReference=Patient/p',
      { body: { resourceType: 'Parameters' } },
    ],
    [
      'an unknown canonical',
      404,
      'canonical',
      'ViewDefinition/$run?viewCanonical=http://nowhere',
      { body: { resourceType: 'Parameters' } },
    ],
    [
      'a format that there is not',
      400,
      'ndjson, json, csv',
      'ViewDefinition/$run',
      run({ name: '_format', valueCode: 'parquet' }),
    ],
    [
      'a media type that there is not',
      406,
      'text/csv',
      'ViewDefinition/$run',
      { ...run(), headers: { Accept: 'image/png' } },
    ],
    ['too long a page', 400, '10000', 'ViewDefinition/$run', run({ name: '_limit', valuePositiveInt: 10_001 })],
    ['no length of a page', 400, 'from 1 to', 'ViewDefinition/$run', run({ name: '_limit', valuePositiveInt: 0 })],
    [
      'a patient who is not here',
      400,
      'Patient/nope is not here',
      'ViewDefinition/$run',
      run({ name: 'patient', valueReference: { reference: 'Patient/nope' } }),
    ],
    [
      'a patient who is no patient',
      400,
      'such as Patient/123',
      'ViewDefinition/$run',
      run({ name: 'patient', valueReference: { reference: 'Group/1' } }),
    ],
    [
      'a parameter that there is not',
      400,
      'source',
      'ViewDefinition/$run',
      run({ name: 'source', valueString: 's3://x' }),
    ],
    ['a page of another request', 400, '_cursor', 'ViewDefinition/$run?_cursor=abc&_limit=1', run()],
  ])('has %s', async (_, status, says, path, asked) => {
    const { json } = await server.expect(status, `POST ${path}`, asked)
    expect(json.issue[0].diagnostics).toContain(says)
  })

  it('is for what no patient has', async () => {
    const body = parameters(
      { ...good, resource: 'Organization' },
      [],
      [{ name: 'patient', valueReference: { reference: 'Patient/p' } }],
    )
    const { json } = await server.expect(400, 'POST ViewDefinition/$run', { body })
    expect(json.issue[0].diagnostics).toContain('Organization is not in the compartment')
  })
})
