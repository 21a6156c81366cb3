/** Code systems that do not come with the server, by canonical url: the loader that reads them, and who gives a licence. */
const loadable: Readonly<Record<string, { loader: string; licence?: string }>> = {
  'http://hl7.org/fhir/sid/icd-10-cm': { loader: 'icd10cm' },
  'http://www.cms.gov/Medicare/Coding/ICD10': { loader: 'icd10pcs' },
  'http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets': { loader: 'hcpcs' },
  'http://www.ama-assn.org/go/cpt': { loader: 'cpt', licence: 'the American Medical Association' },
  'http://loinc.org': { loader: 'loinc', licence: 'the Regenstrief Institute' },
  'http://snomed.info/sct': { loader: 'snomed', licence: 'SNOMED International' },
  'http://www.nlm.nih.gov/research/umls/rxnorm': { loader: 'rxnorm', licence: 'the National Library of Medicine' },
  'http://hl7.org/fhir/sid/ndc': { loader: 'ndc' },
  'http://hl7.org/fhir/sid/cvx': { loader: 'cvx' },
  'http://hl7.org/fhir/sid/mvx': { loader: 'mvx' },
  'http://nucc.org/provider-taxonomy': { loader: 'nucc', licence: 'the National Uniform Claim Committee' },
  'https://x12.org/codes/claim-adjustment-reason-codes': { loader: 'carc', licence: 'X12' },
  'https://x12.org/codes/remittance-advice-remark-codes': { loader: 'rarc', licence: 'X12' },
}

/** What to do about a code system that is not here, for a person; undefined when nobody can load it. */
export function howToLoad(system: string): string | undefined {
  const known = Object.hasOwn(loadable, system) ? loadable[system] : undefined
  if (!known) return undefined
  const { loader, licence } = known
  const by = licence ? `; it needs a licence of ${licence}` : ''
  return `nothing of it comes with the server, npm run terminology -- load ${loader} FILE loads it${by}`
}
