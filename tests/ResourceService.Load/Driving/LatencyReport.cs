namespace ResourceService.Load.Driving;

/// <summary>Latencies in microseconds, from sending a request until its answer.</summary>
internal sealed record LatencyReport(double P50Us, double P90Us, double P99Us, double P999Us, double MaxUs);
