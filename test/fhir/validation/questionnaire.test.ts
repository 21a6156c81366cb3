// https://hl7.org/fhir/R4/questionnaire.html and questionnaireresponse.html
import { describe, expect, it } from 'vitest'
import { errorsIn, said } from './validated.js'

type Json = Record<string, unknown>

const url = 'http://example.org/Questionnaire/q'
const EXTENSION = 'http://hl7.org/fhir/StructureDefinition'
const SDC = 'http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire'
const extension = (name: string, value: Json) => ({ url: name.includes(':') ? name : `${EXTENSION}/${name}`, ...value })

const questionnaire = (item: Json[], more: Json = {}) => ({
  resourceType: 'Questionnaire',
  url,
  status: 'active',
  item,
  ...more,
})
const response = (item: Json[], more: Json = {}) => ({
  resourceType: 'QuestionnaireResponse',
  questionnaire: url,
  status: 'completed',
  item,
  ...more,
})
const knows = (...item: Json[]) => ({ definitions: [questionnaire(item)] })
const ask = (linkId: string, type: string, more: Json = {}) => ({ linkId, type, ...more })
const answer = (linkId: string, ...answers: Json[]) => ({ linkId, ...(answers.length > 0 && { answer: answers }) })

const ROOT = 'QuestionnaireResponse'
const ITEM = `${ROOT}.item[0]`
const VALUE = (type: string, n = 0) => `${ITEM}.answer[${n}].value.ofType(${type})`

describe('the items of a response', () => {
  const a = ask('a', 'string')
  const b = ask('b', 'string')
  const group = ask('g', 'group', { item: [a, b] })
  const yes = { valueString: 'yes' }

  it.each<[string, Json[], Json[], string[]]>([
    ['in their order', [a, b], [answer('a', yes), answer('b', yes)], []],
    ['in another order', [a, b], [answer('b', yes), answer('a', yes)], [ROOT]],
    ['that are not asked', [a], [answer('c', yes)], [ROOT]],
    ['of a group elsewhere', [group], [answer('a', yes)], [ROOT]],
    ['of a group', [group], [{ linkId: 'g', item: [answer('a', yes)] }], []],
    ['twice', [a], [answer('a', yes), answer('a', yes)], [ROOT]],
    ['twice of what repeats', [{ ...group, repeats: true }], [{ linkId: 'g' }, { linkId: 'g' }], []],
    ['with two answers', [a], [answer('a', yes, yes)], [ITEM]],
    ['with two answers of what repeats', [{ ...a, repeats: true }], [answer('a', yes, yes)], []],
    ['with an answer to a group', [group], [answer('g', yes)], [ITEM]],
    ['with an answer to what is displayed', [ask('d', 'display')], [answer('d', yes)], [ITEM]],
    ['with another text', [{ ...a, text: 'What?' }], [{ ...answer('a', yes), text: 'Who?' }], [ITEM]],
    ['below an answer', [{ ...a, item: [b] }], [answer('a', { ...yes, item: [answer('b', yes)] })], []],
    ['beside an answer', [{ ...a, item: [b] }], [{ linkId: 'a', item: [answer('b', yes)] }], [ITEM]],
  ])('%s', async (_name, asked, items, wanted) => {
    expect(await errorsIn(response(items), knows(...asked))).toEqual(wanted)
  })

  it.each<[string, Json[], Json[], string[]]>([
    ['not there', [{ ...a, required: true }], [], [ROOT]],
    ['without an answer', [{ ...a, required: true }], [answer('a')], [ITEM]],
    [
      'in a group',
      [{ ...group, item: [{ ...a, required: true }] }],
      [{ linkId: 'g', item: [answer('b')] }],
      [ITEM, ITEM],
    ],
  ])('that are required, %s', async (_name, asked, items, wanted) => {
    const resource = response(items, items.length === 0 ? { item: undefined } : {})
    const whole = JSON.parse(JSON.stringify(resource))
    expect(await errorsIn(whole, knows(...asked))).toEqual(wanted)
    const draft = await said({ ...whole, status: 'in-progress' }, knows(...asked))
    expect(draft.filter((one) => one.includes('required')).every((one) => one.startsWith('warning'))).toBe(true)
  })

  it('are not checked where the questionnaire is not known, which is said', async () => {
    expect(await said(response([answer('a')]))).toEqual([
      `warning ${ROOT}: ${url} is not known here, so the answers are not checked`,
    ])
  })

  it('may be those of a contained questionnaire', async () => {
    const contained = [{ ...questionnaire([a]), id: 'q' }]
    const resource = { ...response([answer('b')]), contained, questionnaire: '#q' }
    expect(await errorsIn(resource)).toEqual([ROOT])
  })
})

describe('enableWhen', () => {
  const when = (operator: string, value: Json, more: Json = {}) => [
    ask('a', 'choice', { repeats: true }),
    ask('b', 'string', { enableWhen: [{ question: 'a', operator, ...value }], ...more }),
  ]
  const given = (...values: Json[]) => [answer('a', ...values), answer('b', { valueString: 'x' })]
  const integer = (valueInteger: number) => ({ valueInteger })
  const coding = (code: string) => ({ system: 'http://a', code })

  it.each<[string, Json, Json[], boolean]>([
    ['exists', { answerBoolean: true }, [integer(1)], true],
    ['exists', { answerBoolean: false }, [integer(1)], false],
    ['=', { answerInteger: 2 }, [integer(1), integer(2)], true],
    ['=', { answerInteger: 3 }, [integer(1), integer(2)], false],
    ['!=', { answerInteger: 1 }, [integer(1)], false],
    ['!=', { answerInteger: 1 }, [integer(2)], true],
    ['>', { answerInteger: 1 }, [integer(2)], true],
    ['>', { answerInteger: 2 }, [integer(2)], false],
    ['>=', { answerInteger: 2 }, [integer(2)], true],
    ['<', { answerInteger: 2 }, [integer(2)], false],
    ['<=', { answerInteger: 2 }, [integer(2)], true],
    ['<', { answerDate: '2020-02' }, [{ valueDate: '2020-01' }], true],
    ['=', { answerCoding: coding('x') }, [{ valueCoding: coding('x') }], true],
    ['=', { answerCoding: coding('x') }, [{ valueCoding: coding('y') }], false],
    ['=', { answerString: '1' }, [integer(1)], false],
  ])('%s %j of %j is %s', async (operator, value, values, isEnabled) => {
    const errors = await errorsIn(response(given(...values)), knows(...when(operator, value)))
    expect(errors).toEqual(isEnabled ? [] : [`${ROOT}.item[1]`])
  })

  it.each<[string | undefined, boolean]>([
    ['any', true],
    ['all', false],
  ])('with enableBehavior %s', async (enableBehavior, isEnabled) => {
    const enableWhen = [1, 2].map((n) => ({ question: 'a', operator: '=', answerInteger: n }))
    const items = [ask('a', 'choice'), ask('b', 'string', { enableWhen, enableBehavior })]
    const errors = await errorsIn(response(given(integer(1))), knows(...items))
    expect(errors).toEqual(isEnabled ? [] : [`${ROOT}.item[1]`])
  })

  it('asks the answers of its own group, where that repeats', async () => {
    const [a, b] = when('=', { answerInteger: 1 })
    const items = [ask('g', 'group', { repeats: true, item: [a, { ...b, required: true }] })]
    const group = (n: number, ...more: Json[]) => ({ linkId: 'g', item: [answer('a', integer(n)), ...more] })
    const full = answer('b', { valueString: 'x' })
    expect(await errorsIn(response([group(1, full), group(2)]), knows(...items))).toEqual([])
    expect(await errorsIn(response([group(1), group(2, full)]), knows(...items))).toEqual([
      ITEM,
      `${ROOT}.item[1].item[1]`,
    ])
  })

  it('may be an expression', async () => {
    const expression = `%resource.item.where(linkId='a').answer.value = 1`
    const valueExpression = { language: 'text/fhirpath', expression }
    const b = ask('b', 'string', { extension: [extension(`${SDC}-enableWhenExpression`, { valueExpression })] })
    const known = knows(ask('a', 'integer'), b)
    expect(await errorsIn(response(given(integer(1))), known)).toEqual([])
    expect(await errorsIn(response(given(integer(2))), known)).toEqual([`${ROOT}.item[1]`])
  })

  it.each<[string, Json[], string]>([
    ['of what is not there', [ask('b', 'string', { enableWhen: [{ question: 'x' }] })], 'that is not there'],
    ['of itself', [ask('b', 'string', { enableWhen: [{ question: 'b' }] })], 'of the item itself'],
    [
      'of what is in it',
      [ask('b', 'group', { enableWhen: [{ question: 'c' }], item: [ask('c', 'string')] })],
      'of an item within it',
    ],
  ])('must not ask %s', async (_name, items, text) => {
    const errors = await said(questionnaire(items))
    expect(errors.filter((one) => one.startsWith('error Questionnaire.item[0]: '))).toEqual([
      expect.stringContaining(text),
    ])
  })
})

describe('answers', () => {
  const quantity = (value: number, code: string) => ({ value, system: 'http://unitsofmeasure.org', code })
  const kg = (name: string, value: number) => extension(`${SDC}-${name}`, { valueQuantity: quantity(value, 'kg') })
  const long = { extension: [extension('minLength', { valueInteger: 3 })], maxLength: 4 }
  const decimals = { extension: [extension('maxDecimalPlaces', { valueInteger: 1 })] }
  const options = (...answerOption: Json[]) => ({ answerOption })
  const x = { system: 'http://a', code: 'x' }
  const y = { system: 'http://a', code: 'y' }
  const only = { valueCoding: y, extension: [extension('questionnaire-optionExclusive', { valueBoolean: true })] }

  it.each<[string, Json, Json[], string[]]>([
    ['boolean', {}, [{ valueBoolean: true }], []],
    ['boolean', {}, [{ valueString: 'true' }], [VALUE('string')]],
    ['url', {}, [{ valueUri: 'http://a' }], []],
    ['text', {}, [{ valueString: 'a\nb' }], []],
    ['attachment', {}, [{ valueString: 'a' }], [VALUE('string')]],
    ['integer', { extension: [extension('minValue', { valueInteger: 2 })] }, [{ valueInteger: 1 }], [VALUE('integer')]],
    [
      'decimal',
      { extension: [extension('maxValue', { valueDecimal: 2 })] },
      [{ valueDecimal: 2.5 }],
      [VALUE('decimal')],
    ],
    ['date', { extension: [extension('maxValue', { valueDate: '2022' })] }, [{ valueDate: '2022-05' }], []],
    ['date', { extension: [extension('maxValue', { valueDate: '2022' })] }, [{ valueDate: '2023' }], [VALUE('date')]],
    ['decimal', decimals, [{ valueDecimal: 1.5 }], []],
    ['decimal', decimals, [{ valueDecimal: 1.55 }], [VALUE('decimal')]],
    ['string', long, [{ valueString: 'abc' }], []],
    ['string', long, [{ valueString: 'ab' }], [VALUE('string')]],
    ['string', long, [{ valueString: 'abcde' }], [VALUE('string')]],
    ['string', { extension: [extension('regex', { valueString: '[0-9]+' })] }, [{ valueString: '12' }], []],
    [
      'string',
      { extension: [extension('regex', { valueString: '[0-9]+' })] },
      [{ valueString: 'a12' }],
      [VALUE('string')],
    ],
    ['quantity', { extension: [kg('minQuantity', 5)] }, [{ valueQuantity: quantity(6000, 'g') }], []],
    ['quantity', { extension: [kg('minQuantity', 5)] }, [{ valueQuantity: quantity(4000, 'g') }], [VALUE('Quantity')]],
    ['quantity', { extension: [kg('maxQuantity', 5)] }, [{ valueQuantity: quantity(6000, 'g') }], [VALUE('Quantity')]],
    ['quantity', { extension: [kg('maxQuantity', 5)] }, [{ valueQuantity: quantity(1, 'm') }], [VALUE('Quantity')]],
    [
      'quantity',
      { extension: [kg('maxQuantity', 5)] },
      [{ valueQuantity: { value: 1, unit: 'kg' } }],
      [VALUE('Quantity')],
    ],
    [
      'quantity',
      {
        extension: [
          extension('questionnaire-unitOption', { valueCoding: { system: 'http://unitsofmeasure.org', code: 'kg' } }),
        ],
      },
      [{ valueQuantity: quantity(1, 'g') }],
      [VALUE('Quantity')],
    ],
    [
      'reference',
      { extension: [extension('questionnaire-referenceResource', { valueCode: 'Patient' })] },
      [{ valueReference: { reference: 'Organization/1' } }],
      [VALUE('Reference')],
    ],
    [
      'attachment',
      { extension: [extension('mimeType', { valueCode: 'image/gif' })] },
      [{ valueAttachment: { contentType: 'image/png', url: 'http://a' } }],
      [`${ITEM}.answer[0]`],
    ],
    [
      'attachment',
      { extension: [extension('maxSize', { valueDecimal: 2 })] },
      [{ valueAttachment: { contentType: 'image/png', data: 'AAAA' } }],
      [`${ITEM}.answer[0]`],
    ],
    ['choice', options({ valueCoding: x }), [{ valueCoding: { ...x, display: 'X' } }], []],
    ['choice', options({ valueCoding: x }), [{ valueCoding: y }], [`${ITEM}.answer[0]`]],
    ['choice', options({ valueCoding: x }), [{ valueString: 'x' }], [`${ITEM}.answer[0]`]],
    ['open-choice', options({ valueCoding: x }), [{ valueString: 'x' }], []],
    ['open-choice', options({ valueCoding: x }), [{ valueCoding: y }], [`${ITEM}.answer[0]`]],
    ['choice', options({ valueInteger: 1 }, { valueInteger: 2 }), [{ valueInteger: 2 }], []],
    ['choice', options({ valueInteger: 1 }, { valueInteger: 2 }), [{ valueInteger: 3 }], [`${ITEM}.answer[0]`]],
    ['string', options({ valueString: 'a' }), [{ valueString: 'b' }], [VALUE('string')]],
    [
      'choice',
      { ...options({ valueCoding: x }, only), repeats: true },
      [{ valueCoding: x }, { valueCoding: y }],
      [`${ITEM}.answer[1]`],
    ],
    ['choice', { answerValueSet: 'http://v' }, [{ valueCoding: x }], []],
    ['choice', { answerValueSet: 'http://v' }, [{ valueCoding: y }], [`${ITEM}.answer[0]`]],
    ['string', { answerValueSet: 'http://v' }, [{ valueString: 'y' }], [VALUE('string')]],
    [
      'string',
      { extension: [extension('questionnaire-minOccurs', { valueInteger: 2 })], repeats: true },
      [{ valueString: 'y' }],
      [ITEM],
    ],
    [
      'string',
      { extension: [extension('questionnaire-maxOccurs', { valueInteger: 1 })], repeats: true },
      [{ valueString: 'y' }, { valueString: 'z' }],
      [ITEM],
    ],
  ])('of type %s %j: %j', async (type, more, answers, wanted) => {
    const resource = response([answer('a', ...answers)])
    const membership = ({ code }: { code: string }) =>
      code === 'y' ? { isIn: false as const, because: 'not-in' as const } : { isIn: true as const }
    const definitions = [questionnaire([ask('a', type, more)])]
    const errors = await errorsIn(resource, { definitions, membership })
    expect(errors.filter((one) => !one.endsWith('.code'))).toEqual(wanted)
  })

  it.each<[Json, string[]]>([
    [{ include: [{ system: 'http://a', concept: [{ code: 'x' }] }] }, []],
    [{ include: [{ system: 'http://a', concept: [{ code: 'y' }] }] }, [`error ${ITEM}.answer[0]`]],
    [{ include: [{ system: 'http://b' }] }, [`error ${ITEM}.answer[0]`]],
    [{ include: [{ system: 'http://a' }] }, []],
    [{ include: [{ system: 'http://a', filter: [{ property: 'p' }] }] }, [`warning ${VALUE('Coding')}`]],
  ])('may be those of a contained value set: %j', async (compose, wanted) => {
    const contained = [{ resourceType: 'ValueSet', id: 'v', compose }]
    const definitions = [questionnaire([ask('a', 'choice', { answerValueSet: '#v' })], { contained })]
    const issues = await said(response([answer('a', { valueCoding: x })]), { definitions })
    expect(issues.map((one) => one.slice(0, one.indexOf(': ')))).toEqual(wanted)
  })

  it('are checked by hostile regular expressions no longer than may be', async () => {
    const item = ask('a', 'string', { extension: [extension('regex', { valueString: '(a+)+b' })] })
    const resource = response([answer('a', { valueString: 'a'.repeat(100) })])
    expect(await said(resource, knows(item))).toEqual([
      `warning ${VALUE('string')}: could not be checked: the regular expression of the question is wrong or too costly`,
    ])
  })
})
