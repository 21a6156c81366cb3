import { issueOf } from '../messages.js'
import type { CodeSystemProvider } from '../provider.js'
import { wantedVersion } from '../versions.js'
import { type Answer, answerOf } from './answer.js'
import { Ground, type Meant } from './ground.js'
import { shownOf } from './in-value-set.js'
import { Notes } from './notes.js'
import { placeOf, type Question, under } from './question.js'
import { isAbsolute, noteWrongSystem, validate } from './validate.js'
import { type Prepared, prepare } from './value-set.js'

/** The code system of a request; without a url that of the coding is meant. */
export interface Named {
  readonly url?: string
  readonly version?: string
}

/**
 * Whether codes are in a code system.
 * @see https://hl7.org/fhir/R4/codesystem-operation-validate-code.html
 */
export async function inCodeSystem(question: Question, named: Named, meant: Meant): Promise<Answer> {
  const ground = new Ground(meant, question.date)
  const [coding] = question.codings
  const url = named.url ?? coding?.system
  const place = placeOf(question.form, 0)
  const notes = new Notes()
  if (url === undefined) {
    notes.say(issueOf('noSystem', {}, { expression: place }))
    return answerOf(question, await shownOf(question, ground), false, notes)
  }
  const version = named.version ?? (named.url === undefined ? coding?.version : undefined)
  const provider = await ground.systemFor(url, version)
  if (provider) return validate(question, await wholeOf(provider, ground), ground)

  await noteWrongSystem(url, wantedVersion(url, version, ground.rules), place, ground, notes)
  if (!isAbsolute(url)) notes.note(issueOf('relativeSystem', {}, { expression: under(place, 'system') }))
  const unknown = [...notes.unknown]
  return {
    ...answerOf(question, await shownOf(question, ground), false, notes),
    ...(unknown.length > 0 && { 'x-caused-by-unknown-system': unknown }),
  }
}

const whole = new WeakMap<CodeSystemProvider, Promise<Prepared>>()

/** The value set of all codes of a code system. */
function wholeOf(provider: CodeSystemProvider, ground: Ground): Promise<Prepared> {
  let prepared = whole.get(provider)
  if (!prepared) {
    const { url: system, version, header } = provider
    const url = header.valueSet ?? `${system}/vs`
    const include = [{ system, ...(version !== undefined && { version }) }]
    prepared = prepare({ resourceType: 'ValueSet', status: 'active', url, version, compose: { include } }, ground, {
      ofSystem: true,
    })
    whole.set(provider, prepared)
  }
  return prepared
}
