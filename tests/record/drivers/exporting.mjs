// SPDX-License-Identifier: Apache-2.0
// What every Node driver shares: a tracer provider that exports by OTLP/HTTP to the endpoint in the environment.
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { NodeTracerProvider } from "@opentelemetry/sdk-trace-node";

export function makeProvider(processors = [new BatchSpanProcessor(new OTLPTraceExporter())]) {
	const provider = new NodeTracerProvider({
		resource: resourceFromAttributes({ "service.name": "shop", "telemetry.sdk.name": "opentelemetry",
			"telemetry.sdk.language": "nodejs" }),
		spanProcessors: processors,
	});
	provider.register();
	return provider;
}

// A call that the API refuses with 429, as the scenario wants it.
export async function refused(call) {
	try {
		await call();
	} catch (error) {
		if ((error.status ?? error.statusCode) !== 429)
			throw error;
	}
}
