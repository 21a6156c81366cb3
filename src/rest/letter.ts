/** SMART's letters for what a scope allows; https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html */
export type Letter = 'c' | 'r' | 'u' | 'd' | 's'
