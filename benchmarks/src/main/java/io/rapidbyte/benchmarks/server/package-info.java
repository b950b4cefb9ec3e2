// SPDX-License-Identifier: Apache-2.0
/** The database server that all contenders use, and the network in between. */
package io.rapidbyte.benchmarks.server;
