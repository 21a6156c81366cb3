import type { CodeableConcept } from '@medplum/fhirtypes'
import { coding, rxnorm, snomed, system } from './codes.js'

/** A disease of the synthetic population: who gets it, how it is coded and what is prescribed. */
export interface Disease {
  code: CodeableConcept
  /** Billing code, ICD-10-CM. */
  icd10: { code: string; display: string }
  /** Chance of having it, by age in years. */
  chance: (age: number) => number
  medication?: { code: CodeableConcept; dose: string; perDay: number }
  /** Days until it is over; a chronic disease has none. */
  days?: number
  goal?: string
}

const from = (age: number, chance: number) => (years: number) => (years >= age ? chance : 0)
const oral = (text: string, code: string, perDay = 1) => ({
  code: rxnorm(code, text),
  dose: `Take 1, ${perDay} × a day`,
  perDay,
})

function disease(
  code: CodeableConcept,
  [icd10, display]: [string, string],
  chance: Disease['chance'],
  more: Pick<Disease, 'medication' | 'days' | 'goal'> = {},
): Disease {
  const { coding: codings = [], text } = code
  return {
    code: { coding: [...codings, coding(system.icd10, icd10, display)], text },
    icd10: { code: icd10, display },
    chance,
    ...more,
  }
}

export const hypertension = disease(
  snomed('59621000', 'Essential hypertension'),
  ['I10', 'Essential (primary) hypertension'],
  (age) => (age < 35 ? 0.02 : age < 60 ? 0.3 : 0.55),
  { medication: oral('lisinopril 10 MG Oral Tablet', '314076'), goal: 'Blood pressure below 130/80 mm[Hg]' },
)
export const diabetes = disease(
  snomed('44054006', 'Diabetes mellitus type 2'),
  ['E11.9', 'Type 2 diabetes mellitus without complications'],
  (age) => (age < 40 ? 0.02 : 0.17),
  {
    medication: oral('24 HR metformin hydrochloride 500 MG Extended Release Oral Tablet', '860975', 2),
    goal: 'Hemoglobin A1c below 7.0 %',
  },
)
export const asthma = disease(
  snomed('195967001', 'Asthma'),
  ['J45.909', 'Unspecified asthma, uncomplicated'],
  () => 0.09,
  {
    medication: oral('200 ACTUAT albuterol 0.09 MG/ACTUAT Metered Dose Inhaler', '745679', 2),
    goal: 'No night-time symptoms',
  },
)

export const obesity = disease(snomed('414916001', 'Obesity'), ['E66.9', 'Obesity, unspecified'], from(18, 0.28), {
  goal: 'Lose 5 % of body weight',
})

export const chronic: Disease[] = [
  hypertension,
  diabetes,
  asthma,
  disease(snomed('55822004', 'Hyperlipidemia'), ['E78.5', 'Hyperlipidemia, unspecified'], from(35, 0.3), {
    medication: oral('simvastatin 10 MG Oral Tablet', '314231'),
    goal: 'LDL cholesterol below 100 mg/dL',
  }),
  obesity,
  disease(
    snomed('239873007', 'Osteoarthritis of knee'),
    ['M17.9', 'Osteoarthritis of knee, unspecified'],
    from(50, 0.2),
    {
      medication: oral('acetaminophen 325 MG Oral Tablet', '313782', 3),
      goal: 'Walk 30 minutes without pain',
    },
  ),
  disease(
    snomed('370143000', 'Major depressive disorder'),
    ['F32.9', 'Major depressive disorder, single episode, unspecified'],
    from(16, 0.1),
    { medication: oral('sertraline 50 MG Oral Tablet', '312941'), goal: 'PHQ-9 score below 5' },
  ),
]

export const acute: Disease[] = [
  disease(snomed('10509002', 'Acute bronchitis'), ['J20.9', 'Acute bronchitis, unspecified'], () => 0.12, {
    days: 14,
    medication: oral('acetaminophen 325 MG Oral Tablet', '313782', 3),
  }),
  disease(snomed('195662009', 'Acute viral pharyngitis'), ['J02.9', 'Acute pharyngitis, unspecified'], () => 0.14, {
    days: 10,
  }),
  disease(snomed('444814009', 'Viral sinusitis'), ['J01.90', 'Acute sinusitis, unspecified'], () => 0.14, { days: 14 }),
  disease(
    snomed('68566005', 'Urinary tract infection'),
    ['N39.0', 'Urinary tract infection, site not specified'],
    from(16, 0.06),
    {
      days: 7,
      medication: oral('amoxicillin 250 MG Oral Capsule', '308182', 3),
    },
  ),
  disease(
    snomed('44465007', 'Sprain of ankle'),
    ['S93.409A', 'Sprain of unspecified ligament of unspecified ankle, initial encounter'],
    from(6, 0.05),
    { days: 28, medication: oral('ibuprofen 200 MG Oral Tablet', '310965', 3) },
  ),
]
