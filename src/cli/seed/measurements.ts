import { createReference } from '@medplum/core'
import type {
  CodeableConcept,
  DiagnosticReport,
  Encounter,
  Observation,
  ObservationComponent,
} from '@medplum/fhirtypes'
import type { Chart } from './chart.js'
import { coding, concept, hl7, loinc, quantity, snomed, system, type Term } from './codes.js'
import { type Disease, hypertension, obesity } from './conditions.js'
import type { Person } from './person.js'
import type { Weighted } from './random.js'
import { ageAt, instant, minute } from './time.js'

/** Body measures drawn once for a person, so that one visit's values fit the last one's. */
export interface Build {
  /** Adult height, cm. */
  height: number
  bmi: number
  /** mm[Hg] when untreated. */
  systolic: number
  smoking: Term
}

/** What the measurements of one visit have in common. */
export interface Measured {
  person: Person
  encounter: Encounter
  at: number
}

const smokingStatus: Weighted<Term> = [
  [7, ['266919005', 'Never smoked tobacco']],
  [2, ['8517006', 'Ex-smoker']],
  [1, ['449868002', 'Smokes tobacco daily']],
]

export function build({ random }: Chart, person: Person, diseases: Set<Disease>): Build {
  return {
    height: random.normal(person.patient.gender === 'male' ? 176 : 163, 6, 1, 145),
    bmi: diseases.has(obesity) ? random.normal(33, 2, 1, 30) : random.normal(24, 2.5, 1, 17),
    systolic: random.normal(diseases.has(hypertension) ? 142 : 116, 8, 0, 92),
    smoking: random.weighted(smokingStatus),
  }
}

/** Vital signs as US Core has them; https://hl7.org/fhir/R4/observation-vitalsigns.html */
export function vitals(chart: Chart, measured: Measured, { height, bmi, systolic, smoking }: Build): Observation[] {
  const { random } = chart
  const age = ageAt(measured.person.birth, measured.at)
  // Children: from 50 cm at birth nearly straight to the adult height at 17.
  const tall = Number((age >= 17 ? height : 50 + ((height - 50) * age) / 17).toFixed(1))
  const index = age >= 17 ? bmi : 13.5 + 0.45 * age
  const heavy = Number(((index + random.normal(0, 0.3, 2, -1)) * (tall / 100) ** 2).toFixed(1))
  const upper = Math.round(age < 13 ? 90 + age : systolic + random.normal(0, 6, 0, -12))
  const vital = (code: string, display: string, value: number, ucum: string, unit?: string) =>
    observation(chart, measured, 'vital-signs', loinc(code, display), { valueQuantity: quantity(value, ucum, unit) })
  const part = (code: string, display: string, value: number): ObservationComponent => ({
    code: loinc(code, display),
    valueQuantity: quantity(value, 'mm[Hg]'),
  })
  return [
    observation(chart, measured, 'vital-signs', loinc('85354-9', 'Blood pressure panel with all children optional'), {
      component: [
        part('8480-6', 'Systolic blood pressure', upper),
        part('8462-4', 'Diastolic blood pressure', Math.round(upper * 0.62 + random.whole(0, 6))),
      ],
    }),
    vital('8867-4', 'Heart rate', age < 10 ? random.normal(98, 8, 0, 70) : random.normal(74, 8, 0, 48), '/min'),
    vital('9279-1', 'Respiratory rate', age < 10 ? random.normal(22, 2, 0, 16) : random.normal(15, 2, 0, 10), '/min'),
    vital('8310-5', 'Body temperature', random.normal(36.8, 0.3, 1, 35.8), 'Cel'),
    vital('8302-2', 'Body height', tall, 'cm'),
    vital('29463-7', 'Body weight', heavy, 'kg'),
    vital('39156-5', 'Body mass index (BMI) [Ratio]', Number((heavy / (tall / 100) ** 2).toFixed(1)), 'kg/m2'),
    observation(
      chart,
      measured,
      'vital-signs',
      {
        coding: [
          coding(system.loinc, '59408-5', 'Oxygen saturation in Arterial blood by Pulse oximetry'),
          coding(system.loinc, '2708-6', 'Oxygen saturation in Arterial blood'),
        ],
        text: 'Oxygen saturation',
      },
      { valueQuantity: quantity(Math.min(100, random.normal(97.5, 1, 0, 92)), '%') },
    ),
    ...(age >= 12
      ? [
          observation(chart, measured, 'social-history', loinc('72166-2', 'Tobacco smoking status'), {
            valueCodeableConcept: snomed(...smoking),
          }),
        ]
      : []),
  ]
}

/** A laboratory test: code, name, unit, mean, deviation, decimals and the range that counts as normal. */
type Test = readonly [
  code: string,
  display: string,
  unit: string,
  mean: number,
  deviation: number,
  digits: number,
  low: number,
  high: number,
]

interface Panel {
  code: CodeableConcept
  tests: readonly Test[]
}

export const panels = {
  metabolic: {
    code: loinc('51990-0', 'Basic metabolic panel - Blood'),
    tests: [
      ['2339-0', 'Glucose [Mass/volume] in Blood', 'mg/dL', 92, 9, 0, 70, 100],
      ['6299-2', 'Urea nitrogen [Mass/volume] in Blood', 'mg/dL', 14, 3, 0, 7, 20],
      ['38483-4', 'Creatinine [Mass/volume] in Blood', 'mg/dL', 0.92, 0.15, 2, 0.6, 1.3],
      ['2947-0', 'Sodium [Moles/volume] in Blood', 'mmol/L', 140, 2, 0, 135, 145],
      ['6298-4', 'Potassium [Moles/volume] in Blood', 'mmol/L', 4.2, 0.3, 1, 3.5, 5.1],
    ],
  },
  lipid: {
    code: loinc('57698-3', 'Lipid panel with direct LDL - Serum or Plasma'),
    tests: [
      ['2093-3', 'Cholesterol [Mass/volume] in Serum or Plasma', 'mg/dL', 186, 28, 0, 100, 200],
      ['2571-8', 'Triglyceride [Mass/volume] in Serum or Plasma', 'mg/dL', 128, 32, 0, 30, 150],
      ['18262-6', 'Cholesterol in LDL [Mass/volume] in Serum or Plasma by Direct assay', 'mg/dL', 108, 24, 0, 40, 100],
      ['2085-9', 'Cholesterol in HDL [Mass/volume] in Serum or Plasma', 'mg/dL', 54, 10, 0, 40, 90],
    ],
  },
  diabetes: {
    code: loinc('4548-4', 'Hemoglobin A1c/Hemoglobin.total in Blood'),
    tests: [['4548-4', 'Hemoglobin A1c/Hemoglobin.total in Blood', '%', 7.2, 0.7, 1, 4, 5.6]],
  },
  bloodCount: {
    code: loinc('58410-2', 'CBC panel - Blood by Automated count'),
    tests: [
      ['6690-2', 'Leukocytes [#/volume] in Blood by Automated count', '10*3/uL', 7.1, 1.4, 1, 4.5, 11],
      ['789-8', 'Erythrocytes [#/volume] in Blood by Automated count', '10*6/uL', 4.7, 0.35, 2, 4, 5.9],
      ['718-7', 'Hemoglobin [Mass/volume] in Blood', 'g/dL', 14.1, 1.1, 1, 12, 17.5],
      ['4544-3', 'Hematocrit [Volume Fraction] of Blood by Automated count', '%', 42, 3, 1, 36, 51],
      ['777-3', 'Platelets [#/volume] in Blood by Automated count', '10*3/uL', 255, 45, 0, 150, 400],
    ],
  },
} satisfies Record<string, Panel>

/** The tests of a panel and the report that joins them. */
export function lab(chart: Chart, measured: Measured, panel: Panel): DiagnosticReport {
  const { person, encounter, at } = measured
  const results = panel.tests.map(([code, display, unit, mean, deviation, digits, low, high]) => {
    const value = chart.random.normal(mean, deviation, digits, low * 0.7)
    const [flag, meaning] = value < low ? ['L', 'Low'] : value > high ? ['H', 'High'] : ['N', 'Normal']
    return observation(chart, measured, 'laboratory', loinc(code, display), {
      valueQuantity: quantity(value, unit),
      interpretation: [hl7('v3-ObservationInterpretation', flag!, meaning)],
      referenceRange: [{ low: quantity(low, unit), high: quantity(high, unit) }],
    })
  })
  return chart.add<DiagnosticReport>({
    resourceType: 'DiagnosticReport',
    status: 'final',
    category: [concept('http://terminology.hl7.org/CodeSystem/v2-0074', 'LAB', 'Laboratory')],
    code: panel.code,
    subject: createReference(person.patient),
    encounter: createReference(encounter),
    effectiveDateTime: instant(at),
    issued: instant(at + 90 * minute),
    performer: [createReference(person.clinic.organization)],
    result: results.map((result) => createReference(result)),
  })
}

function observation(
  chart: Chart,
  { person, encounter, at }: Measured,
  category: string,
  code: CodeableConcept,
  more: Partial<Observation>,
): Observation {
  return chart.add<Observation>({
    resourceType: 'Observation',
    status: 'final',
    category: [hl7('observation-category', category)],
    code,
    subject: createReference(person.patient),
    encounter: createReference(encounter),
    effectiveDateTime: instant(at),
    issued: instant(at + minute),
    performer: [createReference(person.clinician.practitioner)],
    ...more,
  })
}
