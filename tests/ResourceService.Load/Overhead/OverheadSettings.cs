using ResourceService.Load.Driving;
using ResourceService.Load.Servers;

namespace ResourceService.Load.Overhead;

/// <summary>How the variants are measured.</summary>
internal sealed record OverheadSettings
{
    // Room for more variants than there are between the ports of servers and those of their metrics.
    private const int MetricsPortOffset = 50;

    public required ServerSettings Server { get; init; }

    public required DriveSettings Drive { get; init; }

    public required int Rounds { get; init; }

    /// <summary>The address of a variant, or, behind all of them, of the receiver: the server's own and the ports after it.</summary>
    public Uri AddressOf(int number, bool isTls) => new($"{(isTls ? "https" : "http")}://127.0.0.1:{Server.Address.Port + number}");

    public static Uri MetricsPageOf(Uri address) => new($"http://127.0.0.1:{address.Port + MetricsPortOffset}/metrics");
}
