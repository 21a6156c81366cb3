import type { ConceptProperty } from '../../provider.js'

/** A field of the contractor record, by the record layout that comes with every release. */
export interface Field {
  readonly property: string
  readonly type: ConceptProperty['type']
  readonly description: string
  /** Positions, from 1; several where the field repeats. */
  readonly at: readonly (readonly [from: number, to: number])[]
  /** Its names in releases that have a header. */
  readonly columns: readonly string[]
}

export const fields: readonly Field[] = [
  field('pricing', 'code', 'How Medicare finds the price', repeated(120, 2, 4), [
    'PRICE CD1',
    'PRICE CD2',
    'PRICE CD3',
    'PRICE CD4',
    'PRICE1',
    'PRICE2',
    'PRICE3',
    'PRICE4',
  ]),
  field(
    'multiplePricing',
    'code',
    'Whether there is more than one way to price it',
    [[128, 128]],
    ['MULTI PI', 'MULT_PI'],
  ),
  field('coverageIssuesManual', 'string', 'Section of the Coverage Issues Manual', repeated(129, 6, 3), [
    'CIM1',
    'CIM2',
    'CIM3',
  ]),
  field('carriersManual', 'string', 'Section of the Medicare Carriers Manual', repeated(147, 8, 3), [
    'MCM1',
    'MCM2',
    'MCM3',
  ]),
  field('statute', 'string', 'Section of the statute', [[171, 180]], ['STATUTE']),
  field('labCertification', 'code', 'Certification that a laboratory needs', repeated(181, 3, 8), [
    'LAB CERT CD1',
    'LABCERT1',
    'LABCERT2',
    'LABCERT3',
    'LABCERT4',
    'LABCERT5',
    'LABCERT6',
    'LABCERT7',
    'LABCERT8',
  ]),
  field('crossReference', 'code', 'Code that is to be used instead or besides', repeated(205, 5, 5), [
    'XREF1',
    'XREF2',
    'XREF3',
    'XREF4',
    'XREF5',
    'XREF CD1',
  ]),
  field('coverage', 'code', 'Whether Medicare covers it', [[230, 230]], ['COVERAGE', 'COV']),
  field('betos', 'code', 'Berenson-Eggers type of service', [[257, 259]], ['BETOS']),
  field('typeOfService', 'code', 'Type of service', repeated(261, 1, 5), ['TOS1', 'TOS2', 'TOS3', 'TOS4', 'TOS5']),
  field('anesthesiaBaseUnits', 'integer', 'Base units of anesthesia', [[266, 268]], ['ANES BASE UNIT', 'ANES_BU']),
  field('addedDate', 'dateTime', 'Day on which it was added', [[269, 276]], ['ADD DT', 'ADD DATE']),
  field('actionDate', 'dateTime', 'Day from which the last change holds', [[277, 284]], ['ACT EFF DT', 'ACT EFF DATE']),
  field('terminationDate', 'dateTime', 'Last day on which it may be used', [[285, 292]], ['TERM DT', 'TERM DATE']),
  field(
    'action',
    'code',
    'The last change: added, discontinued, reactivated …',
    [[293, 293]],
    ['ACTION CD', 'ACTION CODE'],
  ),
]

function field(
  property: string,
  type: ConceptProperty['type'],
  description: string,
  at: Field['at'],
  columns: readonly string[],
): Field {
  return { property, type, description, at, columns }
}

function repeated(from: number, width: number, times: number): [number, number][] {
  return Array.from({ length: times }, (_, i) => [from + i * width, from + (i + 1) * width - 1])
}
