import type { ValueSet } from '@medplum/fhirtypes'
import { issueOf } from '../messages.js'
import { supplementsOf } from '../valueset/supplements.js'
import { type Answer, answerOf, type Shown } from './answer.js'
import { Ground, type Meant, MissingImport } from './ground.js'
import { Notes } from './notes.js'
import type { Question } from './question.js'
import { validate } from './validate.js'
import { type Prepared, prepare } from './value-set.js'

/**
 * Whether codes are in a value set.
 * @throws Unprocessable  the value set imports itself, or a filter of it means nothing (422)
 * @throws NotFound  a supplement that it needs is not known (404)
 * @see https://hl7.org/fhir/R4/valueset-operation-validate-code.html
 */
export async function inValueSet(question: Question, valueSet: ValueSet, meant: Meant): Promise<Answer> {
  const supplements = [...meant.supplements, ...(await supplementsOf(valueSet, meant.systems))]
  const ground = new Ground({ ...meant, supplements }, question.date)
  let prepared: Prepared
  try {
    prepared = await prepare(valueSet, ground)
  } catch (error) {
    if (error instanceof MissingImport) return missingImport(question, error.canonical, ground)
    throw error
  }
  return validate(question, prepared, ground)
}

/** Without what it imports nothing can be told of a value set. */
async function missingImport(question: Question, missing: string, ground: Ground): Promise<Answer> {
  const notes = new Notes()
  notes.note(issueOf('unknownValueSet', { valueSet: missing }))
  return answerOf(question, await shownOf(question, ground), false, notes)
}

/** What a code is answered with that could not be judged. */
export async function shownOf({ form, codings }: Question, ground: Ground): Promise<Shown> {
  const [coding] = codings
  if (form === 'codeableConcept' || !coding) return {}
  const { code, system } = coding
  const version = coding.version ?? (system === undefined ? undefined : (await ground.systemFor(system))?.version)
  return {
    ...(code !== undefined && { code }),
    ...(system !== undefined && { system }),
    ...(version !== undefined && { version }),
  }
}
