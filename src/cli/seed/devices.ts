import { createReference } from '@medplum/core'
import type { CodeableConcept, Device } from '@medplum/fhirtypes'
import type { Chart } from './chart.js'
import { snomed } from './codes.js'
import { asthma, type Disease, diabetes } from './conditions.js'
import type { Person } from './person.js'
import { dateOf, today, year } from './time.js'

/** What is given home with a disease; `item` is the first 12 digits of the trade item number after the indicator. */
const devices = new Map<Disease, { type: CodeableConcept; maker: string; model: string; item: string }>([
  [
    diabetes,
    {
      type: snomed('337414009', 'Blood glucose meter'),
      maker: 'Acme Diagnostics',
      model: 'GM-200',
      item: '086000123450',
    },
  ],
  [
    asthma,
    { type: snomed('170615005', 'Home nebulizer'), maker: 'Breeze Medical', model: 'NEB-7', item: '086000765430' },
  ],
])

/** The patient's device with its unique device identifier as a GS1 barcode reads it. */
export function device(chart: Chart, { patient, clinic }: Person, disease: Disease): void {
  const given = devices.get(disease)
  if (!given) return
  const gtin = gtin14(`0${given.item}`)
  const [lot, serial] = [`LOT${chart.random.digits(4)}`, `SN${chart.random.digits(8)}`]
  const expires = dateOf(today + 2 * year)
  chart.add<Device>({
    resourceType: 'Device',
    udiCarrier: [
      {
        deviceIdentifier: gtin,
        issuer: 'http://hl7.org/fhir/NamingSystem/gs1-di',
        jurisdiction: 'http://hl7.org/fhir/NamingSystem/fda-udi',
        carrierHRF: `(01)${gtin}(17)${expires.slice(2).replaceAll('-', '')}(10)${lot}(21)${serial}`,
        entryType: 'barcode',
      },
    ],
    status: 'active',
    distinctIdentifier: serial,
    manufacturer: given.maker,
    manufactureDate: dateOf(today - 3 * year),
    expirationDate: expires,
    lotNumber: lot,
    serialNumber: serial,
    deviceName: [{ name: `${given.maker} ${given.model}`, type: 'manufacturer-name' }],
    modelNumber: given.model,
    type: given.type,
    patient: createReference(patient),
    owner: createReference(clinic.organization),
  })
}

/** A Global Trade Item Number: 13 digits and the check digit that GS1 weighs 3, 1, 3, … from the left. */
function gtin14(thirteen: string): string {
  const sum = [...thirteen].reduce((total, digit, i) => total + Number(digit) * (i % 2 === 0 ? 3 : 1), 0)
  return `${thirteen}${(10 - (sum % 10)) % 10}`
}
