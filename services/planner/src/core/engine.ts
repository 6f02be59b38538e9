/** The version of this core: the same engine gives the same bytes for the same inputs (design 4). */
export const engine = 'microstax-planner/0.3.0';
