using Google.Rpc;
using Grpc.Core;
using Status = Google.Rpc.Status;

namespace ResourceService.Testing;

/// <summary>An error as the contract defines it: code, reason, metadata and details.</summary>
public sealed class RpcFailure(Status status)
{
    private readonly ErrorInfo _info = status.GetDetail<ErrorInfo>() ?? new ErrorInfo();

    /// <summary>The gRPC code.</summary>
    public StatusCode Code { get; } = (StatusCode)status.Code;

    /// <summary>What people read.</summary>
    public string Message { get; } = status.Message;

    /// <summary>The reason, for programs; empty when there is none.</summary>
    public string Reason => _info.Reason;

    /// <summary>Whose reason it is.</summary>
    public string Domain => _info.Domain;

    /// <summary>The values that errors.proto names for the reason.</summary>
    public IDictionary<string, string> Metadata => _info.Metadata;

    /// <summary>The violations of fields.</summary>
    public IReadOnlyList<BadRequest.Types.FieldViolation> Violations { get; } = [.. status.GetDetail<BadRequest>()?.FieldViolations ?? []];

    /// <summary>Why each node asked by name refuses.</summary>
    public IReadOnlyList<Refusal> Refusals { get; } = [.. status.Details.Where(detail => detail.Is(Refusal.Descriptor)).Select(detail => detail.Unpack<Refusal>())];

    /// <summary>Why no node of many fits.</summary>
    public RefusalSummary? Summary { get; } = status.Details.FirstOrDefault(detail => detail.Is(RefusalSummary.Descriptor))?.Unpack<RefusalSummary>();

    /// <summary>The full names of the details' types.</summary>
    public IReadOnlyList<string> DetailTypes { get; } = [.. status.Details.Select(detail => Google.Protobuf.WellKnownTypes.Any.GetTypeName(detail.TypeUrl))];

    /// <summary>When to come back; null when not said.</summary>
    public TimeSpan? RetryDelay { get; } = status.GetDetail<RetryInfo>()?.RetryDelay.ToTimeSpan();

    /// <summary>The error in an exception.</summary>
    public static RpcFailure Of(RpcException cause)
    {
        ArgumentNullException.ThrowIfNull(cause);
        return new(cause.GetRpcStatus() ?? new Status { Code = (int)cause.StatusCode, Message = cause.Status.Detail });
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Code} {Reason}: {Message}";
}
