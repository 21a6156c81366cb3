export const FHIR = 'http://hl7.org/fhir'
export const XHTML = 'http://www.w3.org/1999/xhtml'

// biome-ignore lint/suspicious/noControlCharactersInRegex: https://www.w3.org/TR/xml/#charsets excludes exactly these
export const notXml = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Cs}/u

/** White space as XML has it. */
export const isBlank = (text: string): boolean => /^[ \t\n\r]*$/.test(text)

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const reference = (char: string) => escapes[char] ?? `&#${char.charCodeAt(0)};`

/** Most values: characters that every document may have between quotes as they are. */
export const isPlain = (text: string): boolean => /^[ !#-%'-;=?-~]*$/.test(text)

/** As it stands between quotes. Line ends and tabs would be read back as blanks. */
export const attributeText = (text: string): string => text.replace(/[&<>"\t\n\r]/g, reference)

/** As it stands between tags. */
export const elementText = (text: string): string => text.replace(/[&<>\r]/g, reference)
