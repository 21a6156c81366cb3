import { basename } from 'node:path'
import type { Patient } from '@medplum/fhirtypes'
import { Message } from 'node-hl7-client'
import { tokenOf } from './identifiers.js'
import { pidToPatient, recordNumber, unmappedFields } from './pid.js'
import { linesOf, open, type Source, withoutMark } from './sources.js'
import { batched, type Entry, type LeftOut, type Refused, type Unit } from './units.js'

/** Delete a person, a visit's patient record: nothing to store, and not ours to delete. */
const deletions = new Set(['A23', 'A29'])

/**
 * HL7 v2 messages, one after another, with or without batch (FHS, BHS) and MLLP envelopes. The PID of each ADT
 * message updates the Patient that has its medical record number, or creates it. Messages keep their order.
 * What is not loaded (other messages, other segments, other fields of PID) is named.
 *
 * @param mrnSystem  the namespace of numbers whose assigner has no OID, UUID or URI
 */
export function readHl7(
  source: Source,
  onRead: (bytes: number) => void,
  mrnSystem: string,
): AsyncGenerator<Unit | Refused | LeftOut> {
  return batched(patients(source, onRead, mrnSystem), true)
}

async function* patients(
  source: Source,
  onRead: (bytes: number) => void,
  mrnSystem: string,
): AsyncGenerator<Entry | Refused | LeftOut> {
  let number = 0
  for await (const text of messages(source, onRead)) {
    const place = `${basename(source.path)} message ${++number}`
    try {
      yield* patientOf(new Message({ text }), place, mrnSystem)
    } catch (error) {
      yield { place, refused: `not an HL7 v2 message: ${(error as Error).message}` }
    }
  }
  if (number === 0) yield { place: basename(source.path), refused: 'no segment MSH' }
}

function* patientOf(message: Message, place: string, mrnSystem: string): Generator<Entry | Refused | LeftOut> {
  const [code, event] = [message.get('MSH.9.1').toString(), message.get('MSH.9.2').toString()]
  if (code !== 'ADT' || deletions.has(event)) {
    yield { leftOut: `${code}^${event} message` }
    return
  }
  const segments = message.toArray()
  const pid = segments.find(({ name }) => name === 'PID')
  if (!pid) {
    yield { place, refused: 'an ADT message without PID' }
    return
  }
  const facility = message.exists('MSH.4') ? message.get('MSH.4.1').toString() : ''
  const patient: Patient = pidToPatient(pid, facility, mrnSystem)
  const mrn = recordNumber(patient)
  if (!mrn) {
    yield { place, refused: 'PID-3 has no medical record number (CX.5 MR or PI)' }
    return
  }
  for (const segment of segments) {
    if (segment !== pid && segment.name !== 'MSH') yield { leftOut: `${segment.name} segment` }
  }
  for (const field of unmappedFields(pid)) yield { leftOut: `${field} field` }
  const url = `Patient?identifier=${tokenOf(mrn)}`
  yield {
    type: 'Patient',
    creates: false,
    place,
    key: url,
    text: JSON.stringify({ resource: patient, request: { method: 'PUT', url } }),
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: VT before and FS CR after a message are MLLP's frame
const framing = /[\x0b\x1c]/g

/** The texts of the messages, each from MSH on, with segments ended by CR as the standard has them. */
async function* messages(source: Source, onRead: (bytes: number) => void): AsyncGenerator<string> {
  let segments: string[] = []
  for await (const line of linesOf(open(source, onRead), /\r\n|\r|\n/)) {
    // The parser takes MSH for a new message wherever it stands; \X4D\ is how HL7 escapes an M.
    const text = withoutMark(line)
      .replace(framing, '')
      .replace(/(?<!^)MSH/g, '\\X4D\\SH')
    if (text.startsWith('MSH')) {
      if (segments.length > 0) yield segments.join('\r')
      segments = [text]
    } else if (/^(FHS|BHS|BTS|FTS)/.test(text) || text.trim() === '' || segments.length === 0) {
      // an envelope, an empty line, or text before the first message
    } else if (/^[A-Z][A-Z\d]{2}(\W|$)/.test(text)) segments.push(text)
    else segments.push(`${segments.pop()} ${text}`) // a line break inside a field
  }
  if (segments.length > 0) yield segments.join('\r')
}
