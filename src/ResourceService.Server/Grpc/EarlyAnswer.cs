using Status = Google.Rpc.Status;

namespace ResourceService.Server.Grpc;

/// <summary>How a call was answered before it came to its method. A feature of such calls alone.</summary>
/// <param name="Status">The answer.</param>
internal sealed record EarlyAnswer(Status Status);
