import { createReference } from '@medplum/core'
import type { Appointment, Slot } from '@medplum/fhirtypes'
import type { Chart } from './chart.js'
import { hl7, snomed } from './codes.js'
import type { Person } from './person.js'
import { day, instant, minute, officeHour, today } from './time.js'

/** The next visit, and the slot of the clinician's calendar that it takes: the n-th quarter of the coming mornings. */
export function appointment(chart: Chart, { patient, clinic, clinician }: Person, number: number): void {
  const weekday = Math.floor(number / 16)
  // Today is a Monday.
  const date = today + (7 + 7 * Math.floor(weekday / 5) + (weekday % 5)) * day
  const start = officeHour(date, number % 16)
  const times = { start: instant(start), end: instant(start + 15 * minute) }
  const slot = chart.add<Slot>({
    resourceType: 'Slot',
    schedule: createReference(clinician.schedule),
    status: 'busy',
    ...times,
  })
  chart.add<Appointment>({
    resourceType: 'Appointment',
    status: 'booked',
    serviceType: [snomed('390906007', 'Follow-up encounter')],
    appointmentType: hl7('v2-0276', 'FOLLOWUP', 'A follow up visit from a previous appointment'),
    description: 'Follow-up visit',
    ...times,
    minutesDuration: 15,
    slot: [createReference(slot)],
    created: instant(today - 10 * day),
    participant: [
      { actor: createReference(patient), required: 'required', status: 'accepted' },
      { actor: createReference(clinician.practitioner), required: 'required', status: 'accepted' },
      { actor: createReference(clinic.location), required: 'information-only', status: 'accepted' },
    ],
  })
}
