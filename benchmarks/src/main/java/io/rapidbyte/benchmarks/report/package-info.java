// SPDX-License-Identifier: Apache-2.0
/** Shows results to people: as one HTML page with plots, and as tables in the documentation. */
package io.rapidbyte.benchmarks.report;
