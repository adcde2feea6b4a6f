using Google.Protobuf.Collections;
using ResourceService.Ledger.Claims;

namespace ResourceService.Server.Grpc;

/// <summary>Puts the warnings of requests into answers.</summary>
internal static class WarningMapping
{
    /// <summary>Adds what a request is warned of. Most requests have no cells, and then nothing is looked at.</summary>
    public static void Warn(this RepeatedField<V1.RequestWarning> warnings, ResourceRequest request)
    {
        if (request.Numa is null)
            return;
        foreach (var warning in RequestWarnings.Of(request))
        {
            warnings.Add(new V1.RequestWarning
            {
                Kind = ToContract(warning.Kind),
                ResourceClass = warning.Class.Name,
                Requested = warning.Requested,
                CellAmount = warning.OfCells,
                Detail = warning.ToString(),
            });
        }
    }

    private static V1.RequestWarningKind ToContract(RequestWarningKind kind) => kind switch
    {
        RequestWarningKind.PinnedCpusDiffer => V1.RequestWarningKind.PinnedCpusDiffer,
        RequestWarningKind.FloatingCpusDiffer => V1.RequestWarningKind.FloatingCpusDiffer,
        RequestWarningKind.MemoryDiffers => V1.RequestWarningKind.MemoryDiffers,
        RequestWarningKind.HugePagesCountedTwice => V1.RequestWarningKind.HugePagesCountedTwice,
        _ => V1.RequestWarningKind.Unspecified,
    };
}
