import type { Message, Rule } from './rule.js'

const messages = {
  uuid: { id: 'Type_Specific_Checks_DT_UUID_Valid', code: 'invalid', text: 'urn:uuid: is followed by a UUID' },
  oid: { id: 'Type_Specific_Checks_DT_OID_Valid', code: 'invalid', text: 'urn:oid: is followed by an OID' },
  scheme: { id: 'Type_Specific_Checks_DT_URI_OID', code: 'invalid', text: 'UUIDs and OIDs are written as urn:' },
  relative: { id: 'Type_Specific_Checks_Canonical_Absolute', code: 'invalid', text: 'A canonical is absolute' },
} satisfies Record<string, Message>

const LETTER_H = 104
const uuid = /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?:[#|].*)?$/i
const oid = /^urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+(?:[#|].*)?$/

/** What begins as a UUID or OID is one; https://hl7.org/fhir/R4/datatypes.html#uri */
export const checkUri: Rule = (node, at) => {
  if (typeof node !== 'string' || node.charCodeAt(0) === LETTER_H) return
  if (node.startsWith('urn:uuid:')) {
    if (!uuid.test(node)) at.report(messages.uuid, () => 'must have a UUID after urn:uuid:')
  } else if (node.startsWith('urn:oid:')) {
    if (!oid.test(node)) at.report(messages.oid, () => 'must have an OID after urn:oid:, such as 2.16.840.1.113883')
  } else if (/^(?:uuid|oid):/.test(node)) at.report(messages.scheme, () => 'must begin with urn:uuid: or urn:oid:')
}

const absolute = /^(?:#|[A-Za-z][A-Za-z0-9+.-]*:)/

/** https://hl7.org/fhir/R4/references.html#canonical */
export const checkCanonical: Rule = (node, at) => {
  checkUri(node, at)
  if (typeof node !== 'string' || absolute.test(node)) return
  at.report(messages.relative, () => 'must be an absolute URI, or # and the id of a contained resource')
}
