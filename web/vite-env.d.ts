/// <reference types="vite/client" />
declare module 'virtual:charts' {
  const charts: import('./charts.ts').Chart[];
  export default charts;
}
