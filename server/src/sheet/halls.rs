//! What the zones of halls are called, in the languages whose encodings share their bytes: two bytes are a
//! usual syllable of Korean in one and a usual character of Chinese in another. A text is in the language
//! whose words it has.

use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GBK, SHIFT_JIS};
use std::collections::BTreeSet;

const KOREAN: &str = "가나다라마바사아자차카타파하 갑을병정 일이삼사오육칠팔구십 동서남북 상중하 전후좌우 앞뒤옆 안밖
    왼쪽 오른쪽 가운데 중앙 층 열 석 존 구역 블록 블럭 박스 줄 번호 홀 관 실 문 길 특별 특석 일반 지정 자유 비지정 예매 입석 좌석 전석
    균일 스탠딩 시야제한 시야방해 휠체어 장애인 경로 노약자 동반자 보호자 학생 청소년 어린이 유아 성인 대인 소인 단체 초대 초청 귀빈 내빈
    로열 로얄 왕 무대 객석 합창 발코니 테라스 돌출 통로 기둥 맨 그라운드 플로어 필드 아레나 외야 내야 응원 원정 홈 잔디 캠핑 피크닉 바비큐
    익사이팅 스카이 라운지 오케스트라 피트 사이드 센터 메인 서브 측면 정면 후면 전면 벽 창가 골드 실버 브론즈 다이아몬드 플래티넘 프리미엄
    스페셜 이코노미 비즈니스 퍼스트 클래스 테이블 커플 가족 패밀리 팬클럽 얼리버드 조기 할인 현장 판매 무료 유료 시민 도민 군민 회원 비회원
    보조 여분 관람 연인 친구 키즈 홍 청 황 백 흑 적 녹 빨강 파랑 노랑 초록 연두 보라 주황 하늘 분홍 검정 흰 회색 은 금 빨간 파란 노란 하얀
    별 달 해 꽃 봄 여름 가을 겨울 산 강 바다 숲 매난국죽 표 등급 티켓 공연 음악 콘서트 극장 미 양 수 우 각 샵 룸 큰 작은 높은 낮은 새 첫
    둘째 셋째 넷째 끝 지하 옥상 계단 반 완전 온라인 오프라인 취소 한정 개방 추가 세트 에이 비 씨 디 알 에스 브이아이피";

const JAPANESE: &str = "一二三四五六七八九十百 前後左右中央東西南北上下内外正面側端横 階席列番号扉口 指定 自由 立見 立席 桟敷 升席
    車椅子 車いす 学生 一般 親子 子供 大人 特別 当日 前売 券 全席 優先 招待 関係者 団体 会員 貴賓 普通 最 良 見切 注釈付 補助 着 女性
    男性 専用 家族 花道 舞台 客 室 館 場 区 組 級 等 半 階段 通路 窓 金 銀 銅 赤 青 黄 白 黒 緑 紫 松 竹 梅 桜 春 夏 秋 冬 月 日 星 空 海
    山 川 本 第 新 高 低 大 小 あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわをんがぎぐげござじず
    ぜぞだでどばびぶべぼぱぴぷぺぽゃゅょっ アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲンガギグゲゴ
    ザジズゼゾダヂヅデドバビブベボパピプペポャュョッァィゥェォヴー";

const CHINESE: &str = "一二三四五六七八九十百 前后中左右东西南北上下内外正侧边 层楼区排座号席位门口 贵宾 看台 内场 池座 楼座 包厢 普通 学生
    成人 儿童 家庭 亲子 站票 站席 站 立 票 优先 套票 特价 特等 甲乙丙丁 等级 轮椅 无障碍 残疾 摇滚 最佳 早鸟 预售 单人 双人 情侣 会员
    嘉宾 媒体 工作 加座 廊 厅 馆 院 场 台 阶 舞台 红黄蓝绿白黑紫橙粉金银铜钻石 铂 天地 人 大小 高低 半 全 免费 春夏秋冬 星月 花 山 海 第
    新 团体 赠 主 客 队 球迷 後東層樓區號門貴賓 看臺 內場 包廂 學生 兒童 親子 優先 特區 特價 等級 輪椅 無障礙 殘障 身障 陪同 愛心 搖滾
    早鳥 預售 單人 雙人 情侶 會員 嘉賓 媒體 廳 館 場 臺 階 紅黃藍綠 銀銅鑽 團體 贈 隊 堂 對號 自由 入座";

/// Encodings whose bytes may be taken for Korean, or for UTF-8.
fn others() -> [(&'static Encoding, &'static str); 4] {
    [(EUC_JP, JAPANESE), (SHIFT_JIS, JAPANESE), (GBK, CHINESE), (BIG5, CHINESE)]
}

/// Letters of a text that are not ASCII, each counted once.
#[derive(Default)]
struct Letters {
    /// Those that halls' words have.
    known: usize,
    all: usize,
}

impl Letters {
    fn of(text: &str, words: &str) -> Self {
        // Letters of full width stand at the same place in all of these encodings.
        let counts =
            |c: &char| !c.is_ascii() && c.is_alphabetic() && !matches!(c, '\u{FF00}'..='\u{FF5E}');
        let letters: BTreeSet<char> = text.chars().filter(counts).collect();
        let known = letters.iter().filter(|c| words.contains(**c)).count();
        Self { known, all: letters.len() }
    }

    const fn are_mostly_known(&self) -> bool {
        self.all > 0 && 3 * self.known >= 2 * self.all
    }
}

fn read(bytes: &[u8], encoding: &'static Encoding, words: &str) -> Letters {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
    text.map(|text| Letters::of(&text, words)).unwrap_or_default()
}

/// Whether a syllable is one of the 2,350 of KS X 1001, which CP949 has without its extension. The others
/// are rare, and letters behind those of Latin alphabets look like them.
pub(super) fn is_usual(c: char) -> bool {
    let mut buffer = [0; 4];
    let (pair, ..) = EUC_KR.encode(c.encode_utf8(&mut buffer));
    pair.iter().all(|byte| *byte > 0xA0)
}

/// Whether the syllable stands in a Korean word for a zone.
pub(super) fn is_in_korean(c: char) -> bool {
    !c.is_ascii() && KOREAN.contains(c)
}

/// Whether the bytes, which are `text` in CP949, have the words of Korean halls, and more so than those of
/// halls elsewhere.
pub(super) fn is_korean(bytes: &[u8], text: &str) -> bool {
    // Letters of Latin alphabets side by side look like the Chinese characters of CP949.
    let hangul = |c: char| {
        c.is_ascii() || matches!(c, '가'..='힣' | '\u{2000}'..='\u{33FF}' | '\u{FF00}'..='\u{FF5E}')
    };
    if !text.chars().all(hangul) {
        return false;
    }
    let usual: String = text.chars().filter(|c| is_usual(*c)).collect();
    let rare = Letters::of(text, "").all - Letters::of(&usual, "").all;
    let letters = Letters::of(&usual, KOREAN);
    let clearer = |(encoding, words)| {
        let other = read(bytes, encoding, words);
        // Compared as shares.
        other.known * (letters.all + rare) < letters.known * other.all.max(1)
    };
    letters.are_mostly_known() && rare <= letters.known && others().into_iter().all(clearer)
}

/// Whether the bytes have the words of halls in Japan or China.
pub(super) fn is_of_others(bytes: &[u8]) -> bool {
    others().into_iter().any(|(encoding, words)| read(bytes, encoding, words).are_mostly_known())
}
