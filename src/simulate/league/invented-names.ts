/** Names of nobody: the surnames are invented words, so that no player can be taken for a real one. */
export const GIVEN_NAMES = [
  "Abel", "Anders", "Bastian", "Benno", "Caspar", "Corwin", "Dario", "Dexter", "Eamon", "Elio", "Emmett", "Fabian", "Felix", "Gideon",
  "Gustavo", "Hollis", "Horace", "Ignacio", "Isidro", "Jasper", "Joaquin", "Kellan", "Kosuke", "Lazaro", "Linus", "Lucian", "Marlon",
  "Mateo", "Milo", "Nestor", "Noel", "Octavio", "Orson", "Pascal", "Percy", "Quentin", "Ramiro", "Rufus", "Silas", "Soren", "Tadeo",
  "Thaddeus", "Ulises", "Viggo", "Wendell", "Xavier", "Yadiel", "Zeke",
] as const;

export const SURNAMES = [
  "Abbermoor", "Applethwick", "Barrowquill", "Bexlington", "Brindlecott", "Calderwhim", "Cobblesworth", "Dalrimple", "Dunnabeck", "Eddlestride",
  "Elkenfoot", "Farthingale", "Fenwattle", "Frostwhistle", "Gallowmere", "Glimmerby", "Grizzlecombe", "Hathersnoot", "Hobblewick", "Inchbarrow",
  "Ironsprig", "Jabberwell", "Jinglehurst", "Kettlebrand", "Knotterly", "Larkenshaw", "Loomisquist", "Marblethorp", "Mossywick", "Nettlecrane",
  "Nobblethwaite", "Oddershanks", "Otterbrook", "Pebblestone", "Plumwether", "Quagsmire", "Quillby", "Rattlebone", "Rumblefitz", "Saltwhistle",
  "Snickerdale", "Spindlethatch", "Tanglebury", "Thimblewood", "Tumblebridge", "Umberfield", "Underhay", "Vexworthy", "Vineblossom", "Wafflinger",
  "Wobblecroft", "Wrenfeather", "Yarrowbend", "Yonderlane", "Zellerbash", "Zigglesworth",
] as const;

export const NICK_NAMES = ["Ace", "Boomer", "Chip", "Dots", "Flip", "Moose", "Nibs", "Pepper", "Rocket", "Socks", "Turbo", "Wheels"] as const;

/** Places that are on no map: city, state or province, country. */
export const BIRTHPLACES = [
  { city: "Mockton", state: "MK", country: "Simland" },
  { city: "Simville", state: "SV", country: "Simland" },
  { city: "Draftsburg", state: "DB", country: "Simland" },
  { city: "Placeholder Falls", state: "PF", country: "Simland" },
  { city: "Puerto Prueba", state: null, country: "Isla Ficticia" },
  { city: "Villa Ejemplo", state: null, country: "Isla Ficticia" },
] as const;
