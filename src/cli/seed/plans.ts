import { createReference } from '@medplum/core'
import type { CarePlan, Condition, Goal } from '@medplum/fhirtypes'
import type { Chart } from './chart.js'
import { concept, hl7 } from './codes.js'
import type { Disease } from './conditions.js'
import type { Person } from './person.js'
import { dateOf, today, year } from './time.js'

/** A goal for each chronic disease and the plan that joins them. */
export function carePlan(chart: Chart, { patient, clinician, end }: Person, diagnosed: Map<Disease, Condition>): void {
  const isOver = end < today
  const goals = [...diagnosed].flatMap(([{ goal }, condition]) =>
    goal
      ? [
          chart.add<Goal>({
            resourceType: 'Goal',
            lifecycleStatus: isOver ? 'cancelled' : 'active',
            achievementStatus: isOver
              ? hl7('goal-achievement', 'not-attainable', 'Not Attainable')
              : hl7('goal-achievement', 'in-progress', 'In Progress'),
            description: { text: goal },
            subject: createReference(patient),
            startDate: condition.recordedDate?.slice(0, 10),
            target: [{ dueDate: dateOf(today + year / 2) }],
            addresses: [createReference(condition)],
          }),
        ]
      : [],
  )
  const started = [...diagnosed.values()].map(({ recordedDate }) => recordedDate ?? '').sort()[0]
  chart.add<CarePlan>({
    resourceType: 'CarePlan',
    text: {
      status: 'generated',
      div: `<div xmlns="http://www.w3.org/1999/xhtml">Plan for ${diagnosed.size} chronic condition(s)</div>`,
    },
    status: isOver ? 'completed' : 'active',
    intent: 'plan',
    category: [
      concept(
        'http://hl7.org/fhir/us/core/CodeSystem/careplan-category',
        'assess-plan',
        'Assessment and Plan of Treatment',
      ),
    ],
    title: 'Care of chronic conditions',
    subject: createReference(patient),
    period: { start: started },
    author: createReference(clinician.practitioner),
    addresses: [...diagnosed.values()].map((condition) => createReference(condition)),
    goal: goals.map((goal) => createReference(goal)),
    activity: [...diagnosed.keys()].map(({ code }) => ({
      detail: {
        kind: 'Appointment',
        code: { text: `Follow-up of ${code.text}` },
        status: isOver ? 'stopped' : 'in-progress',
        scheduledTiming: { repeat: { frequency: 2, period: 1, periodUnit: 'a' } },
      },
    })),
  })
}
