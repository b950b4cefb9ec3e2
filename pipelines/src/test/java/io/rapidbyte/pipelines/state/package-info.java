// SPDX-License-Identifier: Apache-2.0
/** Tests of the package of the same name. */
package io.rapidbyte.pipelines.state;
