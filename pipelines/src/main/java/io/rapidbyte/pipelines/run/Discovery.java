// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import io.rapidbyte.wasm.DiscoveredStream;
import io.rapidbyte.wasm.InstanceOptions;
import io.rapidbyte.wasm.SourceConnector;
import io.rapidbyte.wasm.WasmHost;
import java.util.List;
import java.util.UUID;

/** Asks a source what it can read. */
public final class Discovery {
    private Discovery() {}

    /**
     * Returns everything that the pipeline's source can see, whatever streams the pipeline names.
     *
     * @throws io.rapidbyte.wasm.ConnectorException when the source fails
     */
    public static List<DiscoveredStream> of(PreparedPipeline pipeline) {
        PreparedPipeline.Connector source = pipeline.source();
        InstanceOptions options = InstanceOptions.of(UUID.randomUUID().toString())
                .withGrants(source.grants())
                .withLimits(source.limits());
        try (SourceConnector connector = WasmHost.shared().openSource(source.module(), source.config(), options)) {
            return connector.discover(null);
        }
    }
}
