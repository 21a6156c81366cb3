/**
 * Of servers whose tests are about finding and showing what is stored: a resource has the elements that the case is about,
 * and not what profiles and invariants would have beside them. What a write must be is tested in test/rest.
 */
export const storesWhatHasTheForm = { INGLE_VALIDATION: 'structure', INGLE_REFERENCES: 'off' }
