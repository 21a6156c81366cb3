import type { ConceptProperty } from '../../provider.js'
import type { Release } from '../../release/release.js'
import { table } from '../../release/text.js'
import type { Entry } from '../../stored/draft.js'
import type { Report } from '../../stored/put.js'

export interface Answers {
  /** Answer lists (`LL…`) and answers (`LA…`), as concepts. */
  readonly entries: readonly Entry[]
  /** What a term is asked with, and what panel it is in. */
  propertiesOf(code: string): readonly ConceptProperty[]
}

const LIST = {
  required: ['AnswerListId', 'AnswerListName', 'AnswerStringId', 'DisplayText'],
  optional: ['SequenceNumber', 'Score', 'Description', 'LocalAnswerCode'],
} as const
const LINK = { required: ['LoincNumber', 'AnswerListId'], optional: ['AnswerListLinkType'] } as const
const PANEL = { required: ['ParentLoinc', 'Loinc'], optional: ['SEQUENCE', 'ObservationRequiredInPanel'] } as const

/** AnswerList.csv, LoincAnswerListLink.csv and PanelsAndForms.csv; none of them is a must. */
export async function readAnswers(release: Release, report: Report): Promise<Answers> {
  const lists = new Map<string, Entry & { properties: ConceptProperty[] }>()
  const answers = new Map<string, Entry & { properties: ConceptProperty[] }>()
  const terms = new Map<string, ConceptProperty[]>()
  const add = (code: string, property: string, value: string) => {
    const known = terms.get(code) ?? []
    terms.set(code, known)
    if (!known.some((one) => one.code === property && one.value === value))
      known.push({ code: property, type: 'code', value })
  }
  const file = release.find(/^AnswerList\.csv$/i)
  if (file) {
    report(`${file.path} is read`)
    for await (const { get } of table(release, file, LIST)) {
      const list = get('AnswerListId')
      const answer = get('AnswerStringId')
      const ofList = lists.get(list) ?? { code: list, display: get('AnswerListName'), properties: [] }
      lists.set(list, ofList)
      // A list that is defined elsewhere has a row without an answer.
      if (!answer) continue
      ofList.properties.push({ code: 'answer', type: 'code', value: answer, description: get('DisplayText') })
      const entry = answers.get(answer) ?? { code: answer, display: get('DisplayText'), properties: [] }
      answers.set(answer, entry)
      entry.properties.push({ code: 'answers-for', type: 'code', value: list, description: get('AnswerListName') })
    }
  }
  const linked = release.find(/^LoincAnswerListLink\.csv$/i)
  if (linked) {
    report(`${linked.path} is read`)
    for await (const { get } of table(release, linked, LINK))
      add(get('LoincNumber'), 'answer-list', get('AnswerListId'))
  }
  const panels = release.find(/^PanelsAndForms\.csv$/i)
  if (panels) {
    report(`${panels.path} is read`)
    for await (const { get } of table(release, panels, PANEL)) {
      const [panel, member] = [get('ParentLoinc'), get('Loinc')]
      // A panel stands on a row of its own, under itself.
      if (panel === member || !panel || !member) continue
      add(member, 'panel', panel)
      add(panel, 'panel-member', member)
    }
  }
  return { entries: [...lists.values(), ...answers.values()], propertiesOf: (code) => terms.get(code) ?? [] }
}
