import { createReference } from '@medplum/core'
import type {
  Claim,
  ClaimItem,
  Encounter,
  ExplanationOfBenefit,
  ExplanationOfBenefitItemAdjudication,
  Money,
} from '@medplum/fhirtypes'
import type { Chart } from './chart.js'
import { concept, hcpcs, hl7, system } from './codes.js'
import type { Disease } from './conditions.js'
import type { Person } from './person.js'
import { ageAt, dateOf, day, instant, today } from './time.js'

/** A service on a bill: HCPCS Level II code, name and price in dollars. */
export type Charge = readonly [code: string, display: string, dollars: number]

/** Why someone comes who is well, before and from the age of 18. */
const routine = {
  child: { code: 'Z00.129', display: 'Encounter for routine child health examination without abnormal findings' },
  adult: { code: 'Z00.00', display: 'Encounter for general adult medical examination without abnormal findings' },
}

/** The claim for a visit and, from the 20th day, the payer's explanation: 80 % of what it allows is paid, the patient owes the rest. */
export function claim(
  chart: Chart,
  person: Person,
  encounter: Encounter,
  at: number,
  reason: Disease | undefined,
  charges: Charge[],
): void {
  const { patient, coverage, payer, clinic, clinician } = person
  const { code, display } = reason?.icd10 ?? routine[ageAt(person.birth, at) < 18 ? 'child' : 'adult']
  const total = usd(charges.reduce((sum, [, , dollars]) => sum + dollars, 0))
  const items = charges.map(
    ([service, name, dollars], i): ClaimItem => ({
      sequence: i + 1,
      diagnosisSequence: [1],
      productOrService: hcpcs(service, name),
      servicedDate: dateOf(at),
      locationCodeableConcept: concept(
        'https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set',
        '11',
        'Office',
      ),
      quantity: { value: 1 },
      unitPrice: usd(dollars),
      net: usd(dollars),
      encounter: [createReference(encounter)],
    }),
  )
  const shared = {
    status: 'active' as const,
    type: hl7('claim-type', 'professional', 'Professional'),
    use: 'claim' as const,
    patient: createReference(patient),
    billablePeriod: encounter.period,
    insurer: createReference(payer),
    provider: createReference(clinic.organization),
    careTeam: [{ sequence: 1, provider: createReference(clinician.practitioner) }],
    diagnosis: [{ sequence: 1, diagnosisCodeableConcept: concept(system.icd10, code, display) }],
  }
  const sent = chart.add<Claim>({
    resourceType: 'Claim',
    ...shared,
    created: instant(at + day),
    priority: hl7('processpriority', 'normal', 'Normal'),
    insurance: [{ sequence: 1, focal: true, coverage: createReference(coverage) }],
    item: items,
    total,
  })
  if (at + 20 * day > today) return
  const allowed = (dollars: number) => Math.round(dollars * 85) / 100
  const paid = charges.reduce((sum, [, , dollars]) => sum + cents(allowed(dollars) * 0.8), 0)
  chart.add<ExplanationOfBenefit>({
    resourceType: 'ExplanationOfBenefit',
    ...shared,
    created: instant(at + 15 * day),
    claim: createReference(sent),
    outcome: 'complete',
    disposition: 'Processed',
    insurance: [{ focal: true, coverage: createReference(coverage) }],
    item: items.map((item, i) => {
      const dollars = charges[i]![2]
      const benefit = cents(allowed(dollars) * 0.8)
      return {
        ...item,
        adjudication: [
          adjudication('submitted', 'Submitted Amount', dollars),
          adjudication('eligible', 'Eligible Amount', allowed(dollars)),
          adjudication('copay', 'CoPay', cents(allowed(dollars) - benefit)),
          adjudication('benefit', 'Benefit Amount', benefit),
        ],
      }
    }),
    total: [
      { category: hl7('adjudication', 'submitted', 'Submitted Amount'), amount: total },
      { category: hl7('adjudication', 'benefit', 'Benefit Amount'), amount: usd(cents(paid)) },
    ],
    payment: {
      type: hl7('ex-paymenttype', 'complete', 'Complete'),
      date: dateOf(at + 20 * day),
      amount: usd(cents(paid)),
    },
  })
}

const adjudication = (code: string, display: string, dollars: number): ExplanationOfBenefitItemAdjudication => ({
  category: hl7('adjudication', code, display),
  amount: usd(dollars),
})

const usd = (value: number): Money => ({ value, currency: 'USD' })
const cents = (dollars: number) => Math.round(dollars * 100) / 100
