import type { Grammar } from './grammar.js'

/** https://www.rfc-editor.org/rfc/rfc6838#section-4.2, with the parameters of https://www.rfc-editor.org/rfc/rfc2045#section-5.1 */
const NAME = '[a-z0-9][a-z0-9!#$&^_.+-]{0,126}'
const TYPE = new RegExp(
  `^(${NAME})/(${NAME})((?:\\s*;\\s*[a-z0-9!#$&^_.+-]+=(?:"(?:[^"\\\\]|\\\\.)*"|[a-z0-9!#$&'*^_\`{|}~.+/-]+))*)$`,
  'i',
)
const TOP_LEVEL = new Set('application audio example font haptics image message model multipart text video'.split(' '))

/** Media types: `text/plain`, `application/fhir+json; fhirVersion=4.0`. Their names have no case. */
export const mime: Grammar = {
  header: {
    resourceType: 'CodeSystem',
    language: 'en',
    url: 'urn:ietf:bcp:13',
    name: 'MimeTypes',
    title: 'MIME types (BCP 13)',
    status: 'active',
    experimental: false,
    publisher: 'IETF',
    caseSensitive: false,
    compositional: true,
    content: 'complete',
  },

  read(code) {
    const [, type, subtype, parameters] = TYPE.exec(code) ?? []
    if (type === undefined || !isKnown(type)) return undefined
    const whole = `${type}/${subtype}`.toLowerCase() + parameters
    return {
      code: whole,
      display: whole,
      inactive: false,
      abstract: false,
      designations: [],
      properties: [],
      parents: [],
    }
  },

  fault(code) {
    const [, type] = TYPE.exec(code) ?? []
    if (type === undefined)
      return `'${code}' is no media type: type/subtype is expected, with parameters behind a semicolon`
    return isKnown(type) ? undefined : `'${type}' is none of the types: ${[...TOP_LEVEL].join(', ')}`
  },
}

/** What begins so is not registered, but agreed on. */
const isKnown = (type: string) => TOP_LEVEL.has(type.toLowerCase()) || /^x-/i.test(type)
