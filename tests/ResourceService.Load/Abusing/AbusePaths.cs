using Google.Protobuf;
using ResourceService.V1;

namespace ResourceService.Load.Abusing;

/// <summary>The calls that abusers make, as bytes.</summary>
internal static class AbusePaths
{
    public const string List = "/resourceservice.v1.NodeService/ListNodes";
    public const string Watch = "/resourceservice.v1.AuditService/WatchEvents";
    public const string Get = "/resourceservice.v1.NodeService/GetNode";
    public const string Claim = "/resourceservice.v1.ClaimService/ClaimInstance";
    public const string Stream = "/resourceservice.v1.ClaimService/StreamClaims";

    /// <summary>The largest page there is.</summary>
    public static byte[] LargePage { get; } = new ListNodesRequest { PageSize = 1000, Detail = NodeDetail.Full }.ToByteArray();

    /// <summary>The whole history.</summary>
    public static byte[] WholeHistory { get; } = new WatchEventsRequest { Revision = 1 }.ToByteArray();

    /// <summary>A node that does not exist.</summary>
    public static byte[] NoNode { get; } = new GetNodeRequest { NodeId = "no-such-node" }.ToByteArray();
}
