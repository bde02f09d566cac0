using Google.Protobuf.WellKnownTypes;
using Mesh.Common.Paging;

namespace Mesh.Controller.Members;

internal static class MemberMapping
{
    public static V1.Member ToWire(this Member member) => new()
    {
        Name = member.ToString(),
        Role = member.Role,
        DisplayName = member.DisplayName,
        ServiceAccount = member.ServiceAccount,
        Etag = ETag.Of(member.Revision),
        CreateTime = member.CreateTime.ToTimestamp(),
    };
}
