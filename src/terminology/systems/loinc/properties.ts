/** What the properties are; those of links to parts are Codings. */
const KNOWN: Readonly<Record<string, string>> = {
  COMPONENT: 'First axis: what is observed',
  PROPERTY: 'Second axis: kind of property',
  TIME_ASPCT: 'Third axis: time',
  SYSTEM: 'Fourth axis: specimen or system',
  SCALE_TYP: 'Fifth axis: scale',
  METHOD_TYP: 'Sixth axis: method',
  CLASS: 'Class of the term',
  CLASSTYPE: '1 laboratory, 2 clinical, 3 attachments, 4 surveys',
  STATUS: 'ACTIVE, TRIAL, DISCOURAGED or DEPRECATED',
  ORDER_OBS: 'Order, Observation, Both or Subset',
  COMMON_TEST_RANK: 'How common it is among observations; 1 is the most common',
  COMMON_ORDER_RANK: 'How common it is among orders; 1 is the most common',
}

/** What terms have beside the columns of their table. */
const FURTHER = [
  ['copyright', 'string', 'LOINC, or 3rdParty where somebody else holds a copyright, too'],
  ['PartTypeName', 'string', 'Of a part: its type'],
  ['answer-list', 'code', 'Answer list of a term'],
  ['answer', 'code', 'Answer of an answer list'],
  ['answers-for', 'code', 'Answer list that an answer is in'],
  ['panel', 'code', 'Panel that a term is in'],
  ['panel-member', 'code', 'Term that is in a panel'],
] as const

/** @param codes  of the columns and of the links to parts */
export const properties = (codes: Iterable<string>) => [
  ...[...new Set(codes)].map((code) => [code, 'string', KNOWN[code] ?? code] as const),
  ...FURTHER,
]
