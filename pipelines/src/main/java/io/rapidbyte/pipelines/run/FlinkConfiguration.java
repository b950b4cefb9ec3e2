// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.beam.runners.flink.FlinkPipelineOptions;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ConfigurationUtils;
import org.apache.flink.configuration.DeploymentOptions;
import org.apache.flink.configuration.GlobalConfiguration;
import org.apache.flink.configuration.IllegalConfigurationException;

/** Extends a configuration of somebody's Flink. A class by itself because it needs Flink's classes, which are not on everybody's class path. */
final class FlinkConfiguration {
    private FlinkConfiguration() {}

    /**
     * Has a run hear of the jobs that it submits. The client is configured as it would be without us, from {@code --flinkConfDir} or the environment, and
     * with one value more.
     *
     * @param folder where the configuration is written to, for as long as it takes to submit
     * @throws BeamOptions.RefusedException when the configuration cannot be read
     */
    static void listen(PipelineOptions options, Path folder) throws IOException {
        FlinkPipelineOptions flink = options.as(FlinkPipelineOptions.class);
        Configuration configuration = load(flink.getFlinkConfDir());
        List<String> listeners = new ArrayList<>(
                configuration.getOptional(DeploymentOptions.JOB_LISTENERS).orElse(List.of()));
        listeners.add(FlinkJobListener.class.getName());
        configuration.set(DeploymentOptions.JOB_LISTENERS, listeners);
        // Of the two syntaxes that Flink has, that of the file it was read from, which the values are in.
        Files.write(
                folder.resolve(GlobalConfiguration.getFlinkConfFilename()),
                ConfigurationUtils.convertConfigToWritableLines(configuration, true));
        flink.setFlinkConfDir(folder.toString());
    }

    private static Configuration load(String folder) {
        try {
            return folder == null
                    ? GlobalConfiguration.loadConfiguration()
                    : GlobalConfiguration.loadConfiguration(folder);
        } catch (IllegalConfigurationException e) {
            throw new BeamOptions.RefusedException("Flink's configuration cannot be read: " + e.getMessage(), e);
        }
    }
}
