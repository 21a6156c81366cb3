// biome-ignore format: a list to read across
export const given = {
  female: [
    'Amara', 'Beatriz', 'Carmen', 'Chloe', 'Dalia', 'Eleanor', 'Fatima', 'Grace', 'Hannah', 'Imani', 'Ines', 'Joyce',
    'Keiko', 'Leila', 'Lucía', 'Mei', 'Naomi', 'Olivia', 'Priya', 'Ruth', 'Sofia', 'Teresa', 'Yolanda', 'Zoë',
  ],
  male: [
    'Ahmed', 'Andre', 'Benjamin', 'Carlos', 'Daniel', 'Diego', 'Elijah', 'Frank', 'Gabriel', 'Henry', 'Hiroshi',
    'Isaac', 'Jamal', 'José', 'Kwame', 'Liam', 'Marcus', 'Nikhil', 'Oscar', 'Patrick', 'Ravi', 'Samuel', 'Thomas',
    'Wei',
  ],
}
// biome-ignore format: a list to read across
export const family = [
  'Abara', 'Adams', 'Baker', 'Bennett', 'Brooks', 'Castillo', 'Chen', 'Clarke', 'Cohen', 'Cruz', 'Delgado', 'Diaz',
  'Edwards', 'Fitzgerald', 'Flores', 'Foster', 'García', 'Gupta', 'Haddad', 'Hayes', 'Hernández', 'Ivanov',
  'Jackson', 'Johnson', 'Kaplan', 'Kelly', 'Khan', 'Kim', 'Larsen', 'Lee', 'Lopez', 'Malik', 'Martin', 'Mensah',
  'Miller', 'Morgan', 'Murphy', 'Müller', 'Nakamura', 'Nguyen', "O'Brien", 'Okafor', 'Ortiz', 'Park', 'Patel',
  'Peters', 'Quinn', 'Ramírez', 'Reed', 'Rossi', 'Santos', 'Schwartz', 'Silva', 'Singh', 'Sullivan', 'Tanaka',
  'Taylor', 'Torres', 'Turner', 'Walker', 'Washington', 'Weber', 'Wilson', 'Wong', 'Young', 'Zhang',
]
// biome-ignore format: a list to read across
export const streets = [
  'Beacon Street', 'Bridge Street', 'Canal Road', 'Cedar Lane', 'Chestnut Avenue', 'Elm Street', 'Harbor Drive',
  'High Street', 'Lake Avenue', 'Maple Court', 'Mill Road', 'Oak Street', 'Orchard Way', 'Park Avenue',
  'Pine Street', 'Summer Street', 'Union Street', 'Walnut Street', 'Washington Street', 'Willow Lane',
]
export const cities = [
  { city: 'Boston', postalCode: '02118' },
  { city: 'Cambridge', postalCode: '02139' },
  { city: 'Framingham', postalCode: '01702' },
  { city: 'Lowell', postalCode: '01852' },
  { city: 'Quincy', postalCode: '02169' },
  { city: 'Salem', postalCode: '01970' },
  { city: 'Somerville', postalCode: '02143' },
  { city: 'Springfield', postalCode: '01103' },
  { city: 'Worcester', postalCode: '01608' },
]
