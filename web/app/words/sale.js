// Words of the pages from the seat map to the ticket. English, Korean.
export const sale = {
  soon: ["This page is not there yet.", "아직 준비 중인 페이지입니다."],
};
