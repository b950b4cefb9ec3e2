// SPDX-License-Identifier: Apache-2.0
/** Tests of what the build makes of the connectors' modules. They must not know the host. */
package io.rapidbyte.connectors;
