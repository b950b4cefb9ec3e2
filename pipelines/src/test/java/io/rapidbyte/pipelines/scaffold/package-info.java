// SPDX-License-Identifier: Apache-2.0
/** Tests of scaffolding: that what is written is complete, builds, and keeps the contracts. */
package io.rapidbyte.pipelines.scaffold;
