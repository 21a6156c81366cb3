import { describe, expect, it } from 'vitest'
import { parseEcl } from '../../../../src/terminology/systems/snomed/ecl/parse.js'
import { InvalidEcl } from '../../../../src/terminology/systems/snomed/ecl/scanner.js'

const concept = (id: string) => expect.objectContaining({ kind: 'concept', id })
const atLeastOne = { least: 1, most: Number.POSITIVE_INFINITY }

describe('ECL is read', () => {
  it.each([
    ['a concept', '404684003', concept('404684003')],
    ['a concept with its term', ' 404684003 | Clinical finding, any | ', concept('404684003')],
    ['everything', '*', { kind: 'any' }],
    ['<', '<404684003', { kind: 'hierarchy', operator: '<', of: concept('404684003') }],
    ['<<', '<< 404684003', { kind: 'hierarchy', operator: '<<', of: concept('404684003') }],
    ['<!', '<!404684003', { kind: 'hierarchy', operator: '<!', of: concept('404684003') }],
    ['<<!', '<<! 404684003', { kind: 'hierarchy', operator: '<<!', of: concept('404684003') }],
    ['>>!', '>>! 404684003', { kind: 'hierarchy', operator: '>>!', of: concept('404684003') }],
    ['top', '!!> (< 404684003)', expect.objectContaining({ operator: '!!>' })],
    ['bottom', '!!< (< 404684003)', expect.objectContaining({ operator: '!!<' })],
    ['another scheme', 'LOINC#54486-6', { kind: 'alternate', scheme: 'LOINC', code: '54486-6', at: 0 }],
    ['another scheme, quoted', '"ICD-10#A 1.0" |x|', { kind: 'alternate', scheme: 'ICD-10', code: 'A 1.0', at: 0 }],
  ])('%s', (_what, text, expected) => {
    expect(parseEcl(text)).toEqual(expected)
  })

  it('the operators that come first last', () => {
    expect(parseEcl('< ^ 700043003')).toEqual({
      kind: 'hierarchy',
      operator: '<',
      of: { kind: 'memberOf', field: 'referencedComponentId', of: concept('700043003'), filters: [] },
    })
  })

  it('comments as nothing', () => {
    const text = '/* lungs */ << 19829001 /* and */ MINUS (/* not */ 301867009)'
    expect(parseEcl(text)).toEqual({
      kind: 'minus',
      from: { kind: 'hierarchy', operator: '<<', of: concept('19829001') },
      less: concept('301867009'),
    })
  })

  it.each([
    ['AND', 'and', '< 19829001 AND < 301867009 and ^ 700043003'],
    ['a comma', 'and', '< 19829001, < 301867009, ^ 700043003'],
    ['OR', 'or', '< 19829001 Or < 301867009 OR ^ 700043003'],
  ])('three joined by %s', (_join, kind, text) => {
    expect(parseEcl(text)).toEqual({ kind, of: [expect.anything(), expect.anything(), expect.anything()] })
  })

  it('the long syntax as the brief one', () => {
    const brief = `< 373873005 : [1..3] 127489000 = << 105590001, [0..*] R 246075003 != * , { 363698007 = ^ 700043003 }`
    const long = `descendantOf 373873005 |x| : [1 to 3] 127489000 = descendantOrSelfOf 105590001,
      [0 to many] reverseOf 246075003 not = ANY and { 363698007 = memberOf 700043003 }`
    expect(withoutOffsets(parseEcl(long))).toEqual(withoutOffsets(parseEcl(brief)))
  })

  it('attributes, groups and how often they may be there', () => {
    expect(parseEcl('< 404684003 : [1..1] { [0..0] 363698007 = << 39057004, 116676008 = * }')).toEqual({
      kind: 'refined',
      of: expect.anything(),
      by: {
        kind: 'group',
        times: { least: 1, most: 1 },
        of: {
          kind: 'and',
          of: [
            expect.objectContaining({ times: { least: 0, most: 0 }, name: concept('363698007') }),
            expect.objectContaining({ times: atLeastOne, name: concept('116676008') }),
          ],
        },
      },
    })
  })

  it.each([
    ['a number', '>= #10.5', { kind: 'number', operator: '>=', value: '10.5' }],
    ['a negative number', '= #-3', { kind: 'number', operator: '=', value: '-3' }],
    ['a text', '= "half life"', { kind: 'text', operator: '=', terms: [{ kind: 'match', words: ['half', 'life'] }] }],
    ['true', '!= TRUE', { kind: 'boolean', operator: '!=', value: true }],
    ['concepts', '= < 105590001', { kind: 'concepts', operator: '=', value: expect.anything() }],
    ['nested', '= (< 404684003 : 363698007 = *)', expect.objectContaining({ kind: 'concepts' })],
  ])('a comparison with %s', (_what, comparison, expected) => {
    expect(parseEcl(`* : 1142135004 ${comparison}`)).toMatchObject({ by: { comparison: expected } })
  })

  it('names of attributes in brackets apart from refinements in brackets', () => {
    const names = parseEcl('* : (<< 246075003 OR 363698007) = *')
    expect(names).toMatchObject({ by: { kind: 'attribute', name: { kind: 'or' } } })
    const refinements = parseEcl('* : (246075003 = * OR 363698007 = "a)b") , 116676008 = *')
    expect(refinements).toMatchObject({ by: { kind: 'and', of: [{ kind: 'or' }, { kind: 'attribute' }] } })
  })

  it('attributes behind dots from left to right', () => {
    expect(parseEcl('<< 125605004 . 363698007 . << 116676008')).toMatchObject({
      kind: 'dotted',
      of: { kind: 'dotted', attribute: concept('363698007') },
      attribute: { kind: 'hierarchy' },
    })
  })

  it('filters of descriptions', () => {
    const text = `< 64572001 {{ D term = (match:"gas" wild:"*it\\*is"), language != sv, type = (syn fsn),
      dialect = ( en-gb (prefer) en-nhs-clinical ), id = 123456, active = "*" }} {{ term = "eye" }}`
    expect(parseEcl(text)).toMatchObject({
      kind: 'described',
      of: {
        filters: [
          {
            kind: 'term',
            terms: [
              { kind: 'match', words: ['gas'] },
              { kind: 'wild', parts: [undefined, 'it*is'] },
            ],
          },
          { kind: 'language', operator: '!=', codes: ['sv'] },
          { kind: 'typeId', value: { kind: 'or', of: [concept('900000000000013009'), concept('900000000000003001')] } },
          {
            kind: 'dialectId',
            dialects: [
              { value: concept('900000000000508004'), acceptability: ['900000000000548007'] },
              { value: concept('999001261000000100'), acceptability: [] },
            ],
          },
          { kind: 'id', ids: ['123456'] },
          { kind: 'active', value: 'either' },
        ],
      },
      filters: [{ kind: 'term', terms: [{ kind: 'match', words: ['eye'] }] }],
    })
  })

  it('an acceptability behind several dialects for all of them', () => {
    expect(parseEcl('* {{ dialect = (en-gb en-us) (accept) }}')).toMatchObject({
      filters: [{ dialects: [{ acceptability: ['900000000000549004'] }, { acceptability: ['900000000000549004'] }] }],
    })
    expect(parseEcl('* {{ dialectId = 900000000000508004 |GB| (prefer) }}')).toMatchObject({
      filters: [{ dialects: [{ acceptability: ['900000000000548007'] }] }],
    })
  })

  it('filters of concepts', () => {
    const text = `* {{ C definitionStatus = defined, moduleId != (731000124108 |a| 900000000000207008), active = 0,
      effectiveTime >= "20190131" }}`
    expect(parseEcl(text)).toMatchObject({
      kind: 'conceptFiltered',
      filters: [
        { kind: 'definitionStatusId', operator: '=', value: { kind: 'or', of: [concept('900000000000073002')] } },
        { kind: 'moduleId', operator: '!=', value: { kind: 'or', of: [expect.anything(), expect.anything()] } },
        { kind: 'active', value: false },
        { kind: 'effectiveTime', operator: '>=', values: ['20190131'] },
      ],
    })
  })

  it('filters of members, and which field of them is meant', () => {
    const text = `^ [targetComponentId] 900000000000527005 {{ M mapGroup != #2, mapTarget = wild:"J*",
      referencedComponentId = << 195967001, sourceEffectiveTime > "20200101" }} {{ m active = true }} {{ term = "x" }}`
    expect(parseEcl(text)).toMatchObject({
      kind: 'described',
      of: {
        kind: 'memberOf',
        field: 'targetComponentId',
        filters: [
          { kind: 'field', name: 'mapGroup', is: { kind: 'number', operator: '!=', value: '2' } },
          { kind: 'field', name: 'mapTarget', is: { kind: 'text' } },
          { kind: 'field', name: 'referencedComponentId', is: { kind: 'concepts' } },
          { kind: 'field', name: 'sourceEffectiveTime', is: { kind: 'time', operator: '>', values: ['20200101'] } },
          { kind: 'active', value: true },
        ],
      },
    })
  })

  it.each([
    ['{{ + HISTORY-MIN }}', 'min'],
    ['{{+HISTORY_MOD}}', 'mod'],
    ['{{ + history-max }}', 'max'],
    ['{{ + HISTORY }}', 'max'],
    [
      '{{ + HISTORY ( 900000000000527005 OR ^ 700043003 ) }}',
      { kind: 'or', of: [expect.anything(), expect.anything()] },
    ],
  ])('the history %s', (history, associations) => {
    expect(parseEcl(`<< 195967001 {{ term = "x" }} ${history}`)).toMatchObject({ kind: 'history', associations })
  })
})

describe('ECL that makes no sense is refused with its place', () => {
  it.each([
    ['', 'line 1, character 1: expected a concept id'],
    ['<<', 'line 1, character 3: expected a concept id'],
    ['< 12345', "line 1, character 3: expected a concept id, '*', '(' or an operator, found '12345'"],
    ['< 404684003 |Clinical finding', "expected a term and '|'"],
    ['<< 404684003 :', 'line 1, character 15'],
    ['<< 404684003 :\n  363698007 <', "line 2, character 14: expected '#' and a number"],
    ['<< 404684003 : 363698007', "expected a comparison ('=', '!=', '<', '<=', '>' or '>=')"],
    ['(< 404684003', "expected ')'"],
    ['< 404684003)', 'line 1, character 12: expected the end'],
    ['< 19829001 AND < 301867009 OR ^ 700043003', 'line 1, character 28: AND, OR and MINUS are mixed'],
    ['< 19829001 MINUS < 301867009 MINUS 700043003', 'AND, OR and MINUS are mixed'],
    ['* : 363698007 = *, 116676008 = * OR 42752001 = *', 'say with brackets'],
    ['* : [2..1] 363698007 = *', 'a cardinality of at least 2 and at most 1'],
    ['* : { 363698007 = *', "expected '}'"],
    ['* : { { 363698007 = * } }', 'expected a concept id'],
    ['* {{ colour = red }}', 'expected a filter (moduleid'],
    ['* {{ C term = "x" }}', 'expected a filter (moduleid'],
    ['* {{ term = x }}', 'expected a text in quotes'],
    ['* {{ dialect = tlh }}', 'the dialect tlh is not known'],
    ['* {{ C effectiveTime = "2020" }}', 'expected a date in quotes'],
    ['* {{ M active = 1 }}', "a filter of members comes behind '^'"],
    ['* {{ + HISTORY }} {{ term = "x" }}', 'nothing comes behind the history'],
    ['^ [*] 447562003', 'all fields of a reference set'],
    ['^ [referencedComponentId, mapTarget] 447562003', 'several fields of a reference set'],
    ['('.repeat(200), 'nested more than 100 deep'],
    [`${'< '.repeat(6000)}138875005`, 'more than 10000 characters'],
  ])('%j', (text, why) => {
    expect(() => parseEcl(text)).toThrow(InvalidEcl)
    expect(() => parseEcl(text)).toThrow(why)
  })
})

const withoutOffsets = (tree: unknown) =>
  JSON.parse(JSON.stringify(tree, (key, value) => (key === 'at' ? undefined : value)))
