/** The version of this core: the same engine gives the same bytes for the same inputs (design 4). */
export const engine = 'microstax-validator/0.1.0';
