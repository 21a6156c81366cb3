import type { ElementDefinition } from '@medplum/fhirtypes'
import { matcher } from '../fhirpath/compiled/regex.js'
import { decimalText, isDecimal } from '../json.js'
import { outlineOf } from './narrative-control.js'
import type { Message, Rule } from './rule.js'

const messages = {
  regex: {
    id: 'Type_Specific_Checks_DT_Primitive_Regex',
    code: 'invalid',
    text: 'The value has another form than asked for',
  },
  noRegex: {
    id: 'Type_Specific_Checks_DT_Primitive_Regex_Exception',
    code: 'invalid',
    text: 'The form cannot be checked',
  },
  short: { id: 'PRIMITIVE_TOO_SHORT', code: 'invalid', text: 'The value is too short' },
  size: { id: 'Type_Specific_Checks_DT_Base64_Too_Long', code: 'structure', text: 'The data is too large' },
  decimals: {
    id: 'Type_Specific_Checks_DT_Decimal_Chars',
    code: 'structure',
    text: 'The number has too many decimal places',
  },
  source: {
    id: 'XHTML_CONTROL_NO_SOURCE',
    code: 'business-rule',
    text: 'The narrative says where its texts come from',
  },
  languages: { id: 'XHTML_CONTROL_LANG', code: 'business-rule', text: 'The narrative is in the languages asked for' },
} satisfies Record<string, Message>

type Make = (value: unknown) => Rule | undefined

const regex: Make = (pattern) =>
  typeof pattern === 'string'
    ? (node, at) => {
        if (typeof node !== 'string') return
        try {
          if (!matcher(`^(?:${pattern})$`)(node, at.limits)) at.report(messages.regex, () => `must match ${pattern}`)
        } catch {
          at.report(messages.noRegex, () => `could not be held against ${pattern}, which is wrong or too costly`)
        }
      }
    : undefined

const minLength: Make = (least) =>
  typeof least === 'number'
    ? (node, at) => {
        if (typeof node !== 'string' || node.length >= least) return
        at.report(messages.short, () => `has ${node.length} characters; ${least} are needed`)
      }
    : undefined

const maxSize: Make = (most) =>
  isDecimal(most)
    ? (node, at) => {
        if (typeof node !== 'string') return
        const bytes = Buffer.byteLength(node.replace(/\s/g, ''), 'base64')
        if (bytes > Number(decimalText(most))) {
          at.report(messages.size, () => `has ${bytes} bytes; ${decimalText(most)} are allowed`)
        }
      }
    : undefined

const maxDecimalPlaces: Make = (most) =>
  typeof most === 'number'
    ? (node, at) => {
        const places = isDecimal(node) ? (decimalText(node).split('.')[1]?.length ?? 0) : 0
        if (places > most) at.report(messages.decimals, () => `has ${places} decimal places; ${most} are allowed`)
      }
    : undefined

const outline = (node: unknown) => {
  const { div } = node as { div?: unknown }
  return typeof div === 'string' ? outlineOf(div) : undefined
}

/** An error also where the profile asks for a warning, as HL7's validator has it; what is asked for as a hint is one. */
const source: Make = (level) => (node, at) => {
  const count = outline(node)?.unlabelled ?? 0
  if (count === 0) return
  const severity = level === 'hint' ? 'information' : 'error'
  const said = () => `has ${count} texts in no element of class boilerplate, generated, extension or additional`
  at.report(messages.source, said, { severity })
}

const language: Make = (wanted) => (node, at) => {
  const languages = outline(node)?.languages
  if (!languages || typeof wanted !== 'string') return
  const own = at.resource.language
  const isMet = {
    _no: () => languages.length === 0,
    _yes: () => languages.length > 0,
    _resource: () => typeof own === 'string' && languages.includes(own),
  }[wanted]
  if (isMet ? isMet() : languages.includes(wanted)) return
  const what = { _no: 'no sections by language', _yes: 'sections by language', _resource: 'a section in its language' }
  at.report(messages.languages, () => `must have ${what[wanted as '_no'] ?? `a section in ${wanted}`}`)
}

/** Extensions of an element's definition that say more about its values; by the ends of their URLs. */
const table: Readonly<Record<string, Make>> = {
  regex,
  minLength,
  maxSize,
  maxDecimalPlaces,
  'narrative-source-control': source,
  'narrative-language-control': language,
}
const BASE = 'http://hl7.org/fhir/StructureDefinition/'

/** What extensions of an element in a profile say of each of its values. */
export function rulesOfExtensions({ extension = [] }: ElementDefinition): Rule[] {
  return extension.flatMap((one) => {
    const make = one.url?.startsWith(BASE) ? table[one.url.slice(BASE.length)] : undefined
    const key = Object.keys(one).find((key) => key.startsWith('value'))
    return make?.(key && one[key as keyof typeof one]) ?? []
  })
}
