export const SNOMED = 'http://snomed.info/sct'

/** Concepts of SNOMED CT's own metadata, by what they are called: https://docs.snomed.org */
export const id = {
  root: '138875005',
  isA: '116680003',
  primitive: '900000000000074008',
  sufficientlyDefined: '900000000000073002',
  fullySpecifiedName: '900000000000003001',
  synonym: '900000000000013009',
  textDefinition: '900000000000550004',
  preferred: '900000000000548007',
  acceptable: '900000000000549004',
  statedRelationship: '900000000000010007',
  americanEnglish: '900000000000509007',
  britishEnglish: '900000000000508004',
  coreModule: '900000000000207008',
  moduleDependency: '900000000000534007',
  historicalAssociation: '900000000000522004',
  possiblyEquivalentTo: '900000000000523009',
  replacedBy: '900000000000526001',
  sameAs: '900000000000527005',
  wasA: '900000000000528000',
  alternative: '900000000000530003',
  partiallyEquivalentTo: '1186924009',
} as const
